import type { NodeStatus } from "./status.ts";

/** What the last round of checks says of a replica. */
export interface ReplicaVerdict {
  readonly node: string;
  /** `pending`: it has not come so far in the log, or is being filled anew. `stuck`: it can take no more records. */
  readonly verdict: "equal" | "diverged" | "stuck" | "pending" | "unreachable";
  /** How it differs, if it does, or why it is stuck. */
  readonly difference?: string;
}

/** What the round that ended with record `doneLsn` says of each replica; `null` while there was none. */
export const verdictsOf = (nodes: readonly NodeStatus[], doneLsn: number | null): ReplicaVerdict[] =>
  nodes.filter(({ role }) => role === "replica").map((node) => verdictOf(node, doneLsn));

function verdictOf(status: NodeStatus, doneLsn: number | null): ReplicaVerdict {
  const { node } = status;
  if (!status.reachable) return { node, verdict: "unreachable" };
  const { standing, difference, lsn } = status;
  if (standing === "diverged" || standing === "stuck")
    return { node, verdict: standing, ...(difference && { difference }) };
  const isEqual = standing === "following" && doneLsn !== null && lsn >= doneLsn;
  return { node, verdict: isEqual ? "equal" : "pending" };
}
