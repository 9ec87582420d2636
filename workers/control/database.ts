import * as v from "valibot";
import site from "#site";
import { type ReplicaVerdict, verdictsOf } from "../../shared/admin/check.ts";
import type { CheckStatus } from "../../shared/admin/status.ts";
import { type Failure, failure } from "../../shared/kernel/error.ts";
import { explain } from "../../shared/kernel/explain.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { inTime } from "../common/in-time.ts";
import type { ControlEnv } from "./env.ts";
import { gatherNodes } from "./status.ts";

/** The addresses of what an operator does with the database. */
export const checkPath = "/_trefoil/api/database/check";
export const rebuildPath = "/_trefoil/api/database/rebuild";

/** What a call gave, or why it failed. */
export type Outcome<Value> = { readonly ok: true; readonly value: Value } | Failure;

/** Has the contents of all replicas compared with the primary's. Gives where that stands; ask `readCheck` for more. */
export const startCheck = (env: ControlEnv): Promise<Outcome<CheckStatus>> => call(() => primaryOf(env).check());

/** How far the checks are, and what the last whole round says of each replica. */
export async function readCheck(
  env: ControlEnv,
): Promise<Outcome<CheckStatus & { readonly replicas: readonly ReplicaVerdict[] }>> {
  const nodes = await gatherNodes(env);
  const report = nodes.flatMap((node) => (node.reachable && node.check ? [node.check] : []))[0];
  if (!report) return failure("unavailable", "The primary does not answer.");
  return { ok: true, value: { ...report, replicas: verdictsOf(nodes, report.done?.lsn ?? null) } };
}

const rebuildSchema = v.strictObject({
  node: v.picklist(site.database.replicas, `one of the replicas ${site.database.replicas.join(", ")}`),
});

/**
 * Has a replica drop what it holds and fill itself anew from the primary.
 *
 * @param input what the client sent: `{"node": "db-2"}`.
 */
export async function rebuild(env: ControlEnv, input: unknown): Promise<Outcome<{ readonly node: string }>> {
  const parsed = v.safeParse(rebuildSchema, input);
  if (!parsed.success) return failure("bad-request", parsed.issues.map(explain).join("; "));
  const { node } = parsed.output;
  return call(async () => {
    await env.NODE.getByName(node).rebuild("control");
    return { node };
  });
}

const primaryOf = (env: ControlEnv) => env.NODE.getByName(site.database.primary);

async function call<Value>(ask: () => Promise<Value>): Promise<Outcome<Value>> {
  try {
    return { ok: true, value: await inTime(ask(), limits.probeMs) };
  } catch (error) {
    return failure("unavailable", error instanceof Error ? error.message : String(error));
  }
}
