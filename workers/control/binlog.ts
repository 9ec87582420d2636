import * as v from "valibot";
import site from "#site";
import { type binlogPage, binlogQuery } from "../../shared/admin/binlog.ts";
import { lsn } from "../../shared/kernel/brand.ts";
import { failure } from "../../shared/kernel/error.ts";
import { explain } from "../../shared/kernel/explain.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { inTime } from "../common/in-time.ts";
import type { Outcome } from "./database.ts";
import type { ControlEnv } from "./env.ts";

/** The address of the log's records. */
export const binlogPath = "/_trefoil/api/database/binlog";

const querySchema = binlogQuery([site.database.primary, ...site.database.replicas]);

/**
 * Records of one node's log.
 *
 * @param query the parameters of the request: `node`, `from`, `limit`.
 */
export async function readBinlog(
  env: ControlEnv,
  query: Record<string, string>,
): Promise<Outcome<v.InferOutput<typeof binlogPage>>> {
  const parsed = v.safeParse(querySchema, query);
  if (!parsed.success) return failure("bad-request", parsed.issues.map(explain).join("; "));
  const { node, from, limit } = parsed.output;
  try {
    const asked = env.NODE.getByName(node).binlog(from === undefined ? null : lsn(from), limit);
    const { firstLsn, lastLsn, records } = await inTime(asked, limits.probeMs);
    if (from !== undefined && from < firstLsn)
      return failure("log-purged", `The log of ${node} begins at ${firstLsn}.`);
    return { ok: true, value: { node, firstLsn, lastLsn, records: records.map((bytes) => bytes.toBase64()) } };
  } catch (error) {
    return failure("unavailable", `${node}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
