import type { ServerDetail } from "../admin/servers.ts";
import { descriptions } from "./check.ts";
import { type ControlState, findPool, healthOf, isStopped, type ServerState } from "./control-state.ts";
import { displayOf } from "./health.ts";
import { rests } from "./outlier.ts";

/** All servers as an operator sees them, in the order of the configuration. */
export const detailsOf = (state: ControlState, nowMs: number): ServerDetail[] =>
  state.servers.map((server) => detailOf(state, server, nowMs));

/** One server as an operator sees it. */
export function detailOf(state: ControlState, server: ServerState, nowMs: number): ServerDetail {
  const { pool, config, record, counter, lastCheck } = server;
  const { admin, drainUntilMs, health, ejection, upSinceMs, changedAtMs, failedChecks, failedAnalyses, downs } = record;
  const rules = findPool(state, pool)?.config.health ?? null;
  return {
    pool,
    name: config.name,
    state: displayOf(admin, healthOf(server), rules),
    admin,
    drainUntilMs,
    health,
    ejectedUntilMs: rests(ejection, nowMs) ? ejection.untilMs : null,
    upSinceMs,
    weight: record.weight ?? config.weight,
    initialWeight: config.weight,
    backup: config.backup,
    checks: rules && { rise: rules.rise, fall: rules.fall, counter: admin === "maint" ? 0 : counter },
    lastCheck: lastCheck && { ...lastCheck, description: descriptions[lastCheck.status] },
    changedAtMs,
    failedChecks,
    failedAnalyses,
    downs,
    downMs: record.downMs + (isStopped(record) ? Math.max(0, nowMs - changedAtMs) : 0),
  };
}
