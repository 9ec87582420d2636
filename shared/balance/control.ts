import type { HealthConfig } from "../config/pool.ts";
import { present } from "../kernel/assert.ts";
import { limits } from "../kernel/limits.ts";
import type { AdminChange } from "./admin-state.ts";
import { type CheckAnswer, judge } from "./check.ts";
import { dueNow, nextCheckMs, unchecked } from "./checks.ts";
import {
  type ControlState,
  findPool,
  findServer,
  healthOf,
  isStopped,
  keyOf,
  type Persist,
  type PoolState,
  type ServerRecord,
  type ServerState,
  snapshotOf,
  viewOf,
} from "./control-state.ts";
import { type HealthState, intervalMs, startHealth, stepHealth, topOf } from "./health.ts";
import { addAnswers, eject, forgive, isOutlier, maySpare, noLatency, rests } from "./outlier.ts";
import type { Report, ServerReport } from "./report.ts";
import type { Snapshot } from "./snapshot.ts";

/** What happens to control. */
export type ControlEvent =
  /** An isolate of the front reports; it is answered with `newsFor`. */
  | { readonly type: "report"; readonly report: Report; readonly nowMs: number }
  /** An operator looks: he is to see how things are now. */
  | { readonly type: "looked"; readonly nowMs: number }
  /** An operator changes a server. One that there is not is left alone. */
  | {
      readonly type: "admin";
      readonly pool: string;
      readonly server: string;
      readonly change: AdminChange;
      readonly nowMs: number;
    }
  /** A check has come to its end, in time or not: each `check` is followed by exactly one. */
  | {
      readonly type: "checked";
      readonly pool: string;
      readonly server: string;
      /** The `startedMs` of the effect. */
      readonly startedMs: number;
      readonly answer: CheckAnswer;
      readonly nowMs: number;
    }
  /** The alarm that an earlier `alarm` asked for. */
  | { readonly type: "alarm"; readonly nowMs: number };

/** What is to be done, in this order: store, then send, then reply. */
export type ControlEffect =
  | Persist
  /** Check this server, and say what came of it with `checked`. */
  | { readonly type: "check"; readonly pool: string; readonly server: string; readonly startedMs: number }
  /** Take over what this report says of requests and rates: it is new. */
  | { readonly type: "count"; readonly report: Report }
  /** Call back with `alarm` at this time; a later `alarm` replaces it. */
  | { readonly type: "alarm"; readonly atMs: number };

/**
 * Decides everything that control does: which servers are checked when, what their states are, and what is stored. While
 * nobody reports and nobody looks, it asks for nothing after `limits.checkIdleMs`.
 */
export function stepControl(state: ControlState, event: ControlEvent): ControlEffect[] {
  const taken = take(state, event);
  return [...persist(state), ...taken, ...beginChecks(state, event.nowMs), ...setAlarm(state, event.nowMs)];
}

/** The newest snapshot; `null` for an isolate that has it. */
export function newsFor(state: ControlState, known: Report["known"]): Snapshot | null {
  const isNewest = known !== null && known.reign === state.reign && known.generation === state.generation;
  return isNewest ? null : snapshotOf(state);
}

/** How many isolates came before one that knows nothing yet; `null` for others. */
export const turnOf = (state: ControlState, known: Report["known"]): number | null =>
  known === null ? Math.max(0, state.isolates - 1) : null;

function take(state: ControlState, event: ControlEvent): ControlEffect[] {
  if (event.type !== "checked" && event.type !== "alarm") wakeUp(state, event.nowMs);
  switch (event.type) {
    case "report":
      if (!isNew(state, event.report)) return [];
      takeReport(state, event.report, event.nowMs);
      return [{ type: "count", report: event.report }];
    case "admin":
      takeChange(state, event);
      return [];
    case "checked":
      takeAnswer(state, event);
      return [];
    case "alarm":
      state.alarmAtMs = null;
      return [];
    case "looked":
      return [];
  }
}

/**
 * Whoever comes after a silence has all servers checked at once, each up as far as is known and one failure from down: what
 * was found out before is old. So is what was found out by a clock that has been set back.
 */
function wakeUp(state: ControlState, nowMs: number): void {
  const isAwake = Math.abs(nowMs - state.lastReportMs) <= limits.checkActiveMs;
  state.lastReportMs = isAwake ? Math.max(state.lastReportMs, nowMs) : nowMs;
  if (isAwake) return;
  for (const server of state.servers) {
    const { health } = poolOf(state, server).config;
    if (health === null || server.record.admin === "maint") continue;
    server.counter = startHealth(server.record.health, health).counter;
    server.times = { wantedMs: nowMs, startedMs: null };
  }
}

/** A report that was sent again because its answer was lost counts once. */
function isNew(state: ControlState, { isolate, sequence }: Report): boolean {
  const last = state.sequences.get(isolate);
  if (last === undefined) state.isolates++;
  else if (last >= sequence) return false;
  state.sequences.set(isolate, sequence);
  return true;
}

function takeReport(state: ControlState, { pools }: Report, nowMs: number): void {
  for (const [name, servers] of Object.entries(pools)) {
    const pool = findPool(state, name);
    for (const server of pool?.servers ?? []) {
      const report = Object.hasOwn(servers, server.config.name) ? servers[server.config.name] : undefined;
      if (pool !== null && report !== undefined) takeServerReport(state, pool, server, report, nowMs);
    }
  }
}

function takeServerReport(
  state: ControlState,
  pool: PoolState,
  server: ServerState,
  report: ServerReport,
  nowMs: number,
): void {
  if (report.observed !== null) observe(state, pool, server, report.observed, nowMs);
  const { outliers } = pool.config;
  if (outliers === null) return;
  const { latency, full } = addAnswers(server.latency, report, outliers, nowMs);
  server.latency = latency;
  if (full) judgeLatency(state, pool, server, nowMs);
}

/** The front has seen too many bad answers. HAProxy, `__health_adjust`: whatever follows, the next check comes sooner. */
function observe(
  state: ControlState,
  { config: { health } }: PoolState,
  server: ServerState,
  onError: NonNullable<ServerReport["observed"]>,
  nowMs: number,
): void {
  const { wantedMs, startedMs } = server.times;
  if (health === null || server.record.admin === "maint") return;
  server.record = { ...server.record, failedAnalyses: server.record.failedAnalyses + 1 };
  if (onError !== "fastinter")
    server.lastCheck = { status: "HANA", code: null, durationMs: 0, detail: "", atMs: nowMs };
  setHealth(state, server, stepHealth(healthOf(server), { type: "observed", onError }, health), nowMs);
  server.times = { wantedMs: Math.min(wantedMs ?? Infinity, nowMs + health.fastinterMs), startedMs };
}

function judgeLatency(state: ControlState, pool: PoolState, server: ServerState, nowMs: number): void {
  const { outliers, panicPercent } = pool.config;
  const regular = pool.servers.filter(({ config }) => !config.backup);
  const fit = regular.filter((each) => canServe(each, nowMs));
  if (outliers === null || !fit.includes(server)) return;
  const others = fit.filter((each) => each !== server).map(({ latency }) => latency);
  const { ejection } = server.record;
  if (!isOutlier(server.latency, others, outliers, nowMs)) {
    server.record = { ...server.record, ejection: forgive(ejection) };
  } else if (maySpare(fit.length, regular.length, panicPercent)) {
    change(state, server, { ejection: eject(ejection, outliers, nowMs) }, nowMs);
    server.latency = noLatency;
  }
}

const canServe = ({ record, config }: ServerState, nowMs: number): boolean =>
  record.admin === "ready" &&
  record.health === "up" &&
  (record.weight ?? config.weight) > 0 &&
  !rests(record.ejection, nowMs);

function takeChange(state: ControlState, event: Extract<ControlEvent, { type: "admin" }>): void {
  const server = findServer(state, event.pool, event.server);
  if (server === null) return;
  switch (event.change.type) {
    case "weight":
      return change(state, server, { weight: event.change.weight }, event.nowMs);
    case "health":
      return forceHealth(state, server, event.change.health, event.nowMs);
    case "state":
      return setAdmin(state, server, event.change, event.nowMs);
  }
}

/** HAProxy, `set server <b>/<s> health`: as if the checks had said so; without checks there is nobody to say so. */
function forceHealth(state: ControlState, server: ServerState, health: ServerRecord["health"], nowMs: number): void {
  const rules = poolOf(state, server).config.health;
  if (rules === null || server.record.admin === "maint") return;
  setHealth(state, server, { counter: health === "down" ? 0 : topOf(rules), health }, nowMs);
}

/** Maintenance ends the checks. Whoever comes out of it is up until a check, at once, says otherwise: as HAProxy has it. */
function setAdmin(
  state: ControlState,
  server: ServerState,
  { state: admin, forMs }: Extract<AdminChange, { type: "state" }>,
  nowMs: number,
): void {
  const was = server.record.admin;
  const { health } = poolOf(state, server).config;
  const comesBack = was === "maint" && admin !== "maint";
  if (admin === "maint") {
    server.times = unchecked;
    server.lastCheck = null;
  } else if (comesBack && health !== null) {
    server.counter = startHealth("up", health).counter;
    server.times = { wantedMs: nowMs, startedMs: null };
  }
  const drainUntilMs = admin === "drain" && forMs !== null ? nowMs + forMs : null;
  change(state, server, { admin, drainUntilMs, ...(comesBack && { health: "up" }) }, nowMs);
}

function takeAnswer(state: ControlState, event: Extract<ControlEvent, { type: "checked" }>): void {
  const { startedMs, nowMs } = event;
  const server = findServer(state, event.pool, event.server);
  if (server === null || server.times.startedMs !== startedMs) return;
  const health = checksOf(state, server);
  const { outcome, event: result } = judge(event.answer, health, nowMs);
  if (result.type === "failed" && server.counter > 0)
    server.record = { ...server.record, failedChecks: server.record.failedChecks + 1 };
  server.lastCheck = outcome;
  setHealth(state, server, stepHealth(healthOf(server), result, health), nowMs);
  server.times = { wantedMs: startedMs + intervalMs(healthOf(server), health), startedMs: null };
}

function setHealth(state: ControlState, server: ServerState, { counter, health }: HealthState, nowMs: number): void {
  server.counter = counter;
  change(state, server, { health }, nowMs);
}

function change(state: ControlState, server: ServerState, part: Partial<ServerRecord>, nowMs: number): void {
  const old = server.record;
  const next = { ...old, ...part };
  const isTransition = next.admin !== old.admin || next.health !== old.health;
  server.record = isTransition ? withTimes(old, next, nowMs) : next;
  if (JSON.stringify(viewOf(server.record)) !== JSON.stringify(viewOf(old))) state.changed.add(server);
}

function withTimes(old: ServerRecord, next: ServerRecord, nowMs: number): ServerRecord {
  const [was, is] = [isStopped(old), isStopped(next)];
  const comesBack = (was && !is) || (old.health === "stopping" && next.health === "up");
  return {
    ...next,
    changedAtMs: nowMs,
    upSinceMs: comesBack ? nowMs : next.upSinceMs,
    downs: next.downs + (is && !was ? 1 : 0),
    downMs: next.downMs + (was ? Math.max(0, nowMs - old.changedAtMs) : 0),
  };
}

function persist(state: ControlState): Persist[] {
  if (state.changed.size === 0) return [];
  state.generation += 1;
  const put = new Map(Array.from(state.changed, ({ pool, config, record }) => [keyOf(pool, config.name), record]));
  state.changed.clear();
  return [{ type: "persist", generation: state.generation, put, drop: [] }];
}

function beginChecks(state: ControlState, nowMs: number): ControlEffect[] {
  return dueNow(state.servers, state.lastReportMs, nowMs).map((server) => {
    server.times = { wantedMs: nowMs + intervalMs(healthOf(server), checksOf(state, server)), startedMs: nowMs };
    state.checks += 1;
    return { type: "check", pool: server.pool, server: server.config.name, startedMs: nowMs };
  });
}

/** An alarm that is set already is left, unless it comes too late: each one that is set is a row written. */
function setAlarm(state: ControlState, nowMs: number): ControlEffect[] {
  const atMs = nextCheckMs(state.servers, state.lastReportMs, nowMs);
  if (atMs === null || (state.alarmAtMs !== null && state.alarmAtMs <= atMs)) return [];
  state.alarmAtMs = atMs;
  state.alarms += 1;
  return [{ type: "alarm", atMs }];
}

const poolOf = (state: ControlState, { pool }: ServerState): PoolState =>
  present(findPool(state, pool), `pool ${pool}`);

/** How a server is checked that is checked at all. */
const checksOf = (state: ControlState, server: ServerState): HealthConfig =>
  present(poolOf(state, server).config.health, `the checks of ${server.config.name}`);
