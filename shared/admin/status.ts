import * as v from "valibot";
import type { ServerDetail } from "./servers.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** A server of a pool, as control knows it; `GET /_trefoil/api/servers` tells more. */
const serverSchema = v.object({
  name: v.string(),
  pool: v.string(),
  /** Whether it serves anybody: not down, and not in maintenance. */
  ok: v.boolean(),
  /** HAProxy's words, such as `UP 2/3` or `DRAIN`. */
  state: v.string(),
  /** The status of its answer to the last check; `null` without one. */
  status: v.nullable(count),
  durationMs: count,
  /** Why that check failed. */
  error: v.nullable(v.string()),
});

/** How far a replica is, as the primary knows it. */
const replicaSchema = v.object({
  node: v.string(),
  /** The last position that it has confirmed; `null` if it has not yet spoken to this primary. */
  ackedLsn: v.nullable(count),
  /** Whether records are on their way to it. */
  inFlight: v.boolean(),
  /** Failed sends in a row. */
  failures: count,
  lastError: v.nullable(v.string()),
});

/** A round of checks over the whole database, under way or done. */
const roundSchema = v.object({
  /** The position at which it began. */
  since: count,
  /** The record with its latest slice. */
  lsn: count,
  slices: count,
  rows: count,
  /** Whether somebody asked for it; else it goes on with the writes. */
  asked: v.boolean(),
  atMs: v.number(),
});

/** How far the checks of the content are. */
const checkSchema = v.object({
  /** Rounds that came to their end. */
  rounds: count,
  /** Whether a round that somebody asked for is under way. */
  running: v.boolean(),
  round: v.nullable(roundSchema),
  done: v.nullable(roundSchema),
});

/** What a database node says of itself. */
const reachableNodeSchema = v.object({
  reachable: v.literal(true),
  node: v.string(),
  role: v.picklist(["primary", "replica"]),
  epoch: count,
  lsn: count,
  /** Transactions that the primary has and this node has not; `null` when the primary is not reachable. */
  lag: v.nullable(count),
  bookmark: v.string(),
  schemaVersion: count,
  /** From a primary. */
  replicas: v.optional(v.pipe(v.array(replicaSchema), v.readonly())),
  /** From a primary. */
  check: v.optional(checkSchema),
  /** From a replica: whether it serves, or why not. */
  standing: v.optional(v.picklist(["following", "stuck", "diverged", "wanted", "filling", "verifying"])),
  /** How a replica differs from the primary, or why it cannot follow. */
  difference: v.optional(v.string()),
});

const unreachableNodeSchema = v.object({
  reachable: v.literal(false),
  node: v.string(),
  /** The role that the site configuration gives it. */
  role: v.picklist(["primary", "replica"]),
  error: v.string(),
});

/** The answer of `GET /_trefoil/api/status`. */
export const statusSchema = v.object({
  servers: v.array(serverSchema),
  nodes: v.array(v.variant("reachable", [reachableNodeSchema, unreachableNodeSchema])),
});

/** The state of the whole site at one moment. */
export type Status = v.InferOutput<typeof statusSchema>;
export type ServerStatus = Status["servers"][number];
export type NodeStatus = Status["nodes"][number];
/** A node that answered. */
export type ReachableNode = Extract<NodeStatus, { reachable: true }>;
export type CheckStatus = v.InferOutput<typeof checkSchema>;

/** What the status says of a server. */
export function statusOf({ name, pool, state, admin, health, lastCheck }: ServerDetail): ServerStatus {
  const ok = health !== "down" && admin !== "maint";
  const { code = null, durationMs = 0, status = "", description = "", detail = "" } = lastCheck ?? {};
  const failed = lastCheck !== null && status !== "L7OK" && status !== "L7OKC";
  const error = failed ? [description, detail].filter(Boolean).join(": ") : null;
  return { name, pool, ok, state, status: code, durationMs, error };
}

/** What a `DatabaseNode` answers to the call `status()`. */
export type NodeReport = Omit<v.InferOutput<typeof reachableNodeSchema>, "reachable" | "lag">;

/** What came of asking a node. */
export type NodeAnswer =
  | { readonly ok: true; readonly report: NodeReport }
  | { readonly ok: false; readonly node: string; readonly role: NodeReport["role"]; readonly error: string };

/** Puts the nodes' answers side by side: how far each is behind the primary. */
export function compareNodes(answers: readonly NodeAnswer[]): NodeStatus[] {
  const head = answers.find((answer) => answer.ok && answer.report.role === "primary");
  const headLsn = head?.ok ? head.report.lsn : null;
  return answers.map((answer) => {
    if (!answer.ok) return { reachable: false, node: answer.node, role: answer.role, error: answer.error };
    const { report } = answer;
    return { reachable: true, ...report, lag: headLsn === null ? null : Math.max(0, headLsn - report.lsn) };
  });
}

/** What an operator reads first: what is wrong, in short sentences, or that nothing is. */
export function verdict({ servers, nodes }: Status): { readonly ok: boolean; readonly text: string } {
  const failing = servers
    .filter(({ ok }) => !ok)
    .map(({ name, state }) => (state === "MAINT" ? `Server ${name} is in maintenance.` : `Server ${name} is down.`));
  const lost = nodes.filter(({ reachable }) => !reachable).map(({ node }) => `Node ${node} is not reachable.`);
  const behind = nodes.flatMap((node) =>
    node.reachable && node.lag
      ? [`Node ${node.node} is ${node.lag} ${node.lag === 1 ? "transaction" : "transactions"} behind.`]
      : [],
  );
  const away = nodes.flatMap((node) => (node.reachable ? whyAway(node) : []));
  const ok = failing.length === 0 && lost.length === 0 && away.length === 0;
  const text = [...failing, ...lost, ...away, ...behind].join(" ");
  return { ok, text: text === "" ? "All servers are up and all replicas are up to date." : text };
}

function whyAway({ node, standing, difference }: ReachableNode): string[] {
  if (standing === "diverged") return [`Node ${node} differs from the primary and answers no reads. ${difference}`];
  if (standing === "stuck")
    return [
      `Node ${node} cannot follow the primary and answers no reads. ${difference} Rebuild it if that does not pass by itself.`,
    ];
  return standing === undefined || standing === "following" ? [] : [`Node ${node} is being filled anew.`];
}
