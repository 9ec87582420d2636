import type { PoolConfig, ServerConfig } from "../config/pool.ts";
import { limits } from "../kernel/limits.ts";
import { LruMap } from "../kernel/lru.ts";
import type { CheckOutcome } from "./check.ts";
import { type CheckTimes, unchecked } from "./checks.ts";
import { type HealthState, startHealth } from "./health.ts";
import { type Ejection, type Latency, noEjection, noLatency } from "./outlier.ts";
import type { AdminState, Health, ServerView, Snapshot } from "./snapshot.ts";

/** What control keeps of a server over restarts and deploys. Written when something changes that the front is told. */
export interface ServerRecord {
  readonly admin: AdminState;
  readonly drainUntilMs: number | null;
  readonly weight: number | null;
  readonly health: Health;
  readonly upSinceMs: number | null;
  readonly ejection: Ejection;
  /** When `admin` or `health` last changed. HAProxy, `lastchg`. */
  readonly changedAtMs: number;
  /** Checks that failed while the counter was above 0. HAProxy, `chkfail`. */
  readonly failedChecks: number;
  /** Times that the front's own observation reached its limit. HAProxy, `hanafail`. */
  readonly failedAnalyses: number;
  /** Times that it went down, or into maintenance. HAProxy, `chkdown`. */
  readonly downs: number;
  /** How long it has been so before `changedAtMs`, all together. HAProxy, `downtime`. */
  readonly downMs: number;
}

/** A server as control sees it: what is kept, and what is only in memory. */
export interface ServerState {
  readonly pool: string;
  readonly config: ServerConfig;
  record: ServerRecord;
  counter: HealthState["counter"];
  times: CheckTimes;
  /** `null` before the first check, and in maintenance. */
  lastCheck: CheckOutcome | null;
  latency: Latency;
}

/** A pool with its servers, in the order of the configuration. */
export interface PoolState {
  readonly name: string;
  /** Place among the pools, from 0, in the order of the configuration. */
  readonly position: number;
  readonly config: PoolConfig;
  readonly servers: readonly ServerState[];
}

/** Everything that control knows. `stepControl` alone changes it. */
export interface ControlState {
  readonly reign: string;
  generation: number;
  readonly pools: readonly PoolState[];
  /** All servers of all pools. */
  readonly servers: readonly ServerState[];
  /** When an isolate last reported, or an operator looked; `-Infinity`: not in this life of the object. */
  lastReportMs: number;
  /** When the alarm goes off that was asked for; `null`: none was. */
  alarmAtMs: number | null;
  /** Checks that were begun and alarms that were set in this life of the object: what it costs. */
  checks: number;
  alarms: number;
  /** Isolates that have reported in this life of the object. */
  isolates: number;
  /** The last report of each isolate. */
  readonly sequences: LruMap<string, number>;
  /** Servers of which the front is to be told something new. */
  readonly changed: Set<ServerState>;
}

/** What was stored, as the driver read it. */
export interface StoredControl {
  /** Which life of the storage this is. */
  readonly reign: string;
  /** 0 in an empty storage. */
  readonly generation: number;
  /** By `pool/server`. */
  readonly servers: ReadonlyMap<string, Partial<ServerRecord>>;
}

/** What is to be stored, all of it or nothing. */
export interface Persist {
  readonly type: "persist";
  readonly generation: number;
  readonly put: ReadonlyMap<string, ServerRecord>;
  readonly drop: readonly string[];
}

/** The name of a server among those of all pools. */
export const keyOf = (pool: string, server: string): string => `${pool}/${server}`;

const newRecord = (nowMs: number): ServerRecord => ({
  admin: "ready",
  drainUntilMs: null,
  weight: null,
  health: "up",
  upSinceMs: null,
  ejection: noEjection,
  changedAtMs: nowMs,
  failedChecks: 0,
  failedAnalyses: 0,
  downs: 0,
  downMs: 0,
});

/**
 * Begins with what was stored. What the configuration no longer names is dropped. A server that is new in a pool that is
 * not begins with a slow start; at the very first start none does.
 */
export function startControl(
  pools: Readonly<Record<string, PoolConfig>>,
  stored: StoredControl,
  nowMs: number,
): { readonly state: ControlState; readonly effects: readonly Persist[] } {
  const states = Object.entries(pools).map(([name, config], position) => ({
    name,
    position,
    config,
    servers: startServers(name, config, stored, nowMs),
  }));
  const servers = states.flatMap((pool) => pool.servers);
  const state: ControlState = {
    reign: stored.reign,
    generation: stored.generation,
    pools: states,
    servers,
    lastReportMs: -Infinity,
    alarmAtMs: null,
    checks: 0,
    alarms: 0,
    isolates: 0,
    sequences: new LruMap(limits.isolates),
    changed: new Set(),
  };
  const known = new Map(servers.map((server) => [keyOf(server.pool, server.config.name), server.record]));
  const put = new Map([...known].filter(([key, { health }]) => stored.servers.get(key)?.health !== health));
  const drop = [...stored.servers.keys()].filter((key) => !known.has(key));
  if (put.size === 0 && drop.length === 0) return { state, effects: [] };
  state.generation += 1;
  return { state, effects: [{ type: "persist", generation: state.generation, put, drop }] };
}

function startServers(name: string, config: PoolConfig, stored: StoredControl, nowMs: number): ServerState[] {
  const isKnown = config.servers.some((server) => stored.servers.has(keyOf(name, server.name)));
  const servers = config.servers.map((server): ServerState => {
    const before = stored.servers.get(keyOf(name, server.name));
    const isNew = isKnown && before === undefined;
    const record = { ...newRecord(nowMs), ...(isNew && { upSinceMs: nowMs }), ...before };
    const { counter } = startHealth(record.health, config.health ?? noRules);
    return { pool: name, config: server, record, counter, times: unchecked, lastCheck: null, latency: noLatency };
  });
  // Without checks nothing would ever bring a server back.
  if (config.health === null) for (const server of servers) server.record = { ...server.record, health: "up" };
  return servers;
}

const noRules = { rise: 1, fall: 1 };

/** The automaton of a server. */
export const healthOf = ({ counter, record: { health } }: ServerState): HealthState => ({ counter, health });

/** What the front is told of a server. */
export const viewOf = ({ admin, drainUntilMs, weight, health, upSinceMs, ejection }: ServerRecord): ServerView => ({
  admin,
  drainUntilMs,
  weight,
  health,
  upSinceMs,
  ejectedUntilMs: ejection.untilMs,
});

/** What every isolate of the front is given. */
export const snapshotOf = ({ generation, reign, pools }: ControlState): Snapshot => ({
  generation,
  reign,
  pools: Object.fromEntries(
    pools.map(({ name, servers }) => [
      name,
      Object.fromEntries(servers.map(({ config, record }) => [config.name, viewOf(record)])),
    ]),
  ),
});

/** Whether a server serves nobody at all. */
export const isStopped = ({ admin, health }: ServerRecord): boolean => admin === "maint" || health === "down";

/** The server of that name; `null` where the configuration has none. */
export const findServer = (state: ControlState, pool: string, name: string): ServerState | null =>
  state.servers.find((server) => server.pool === pool && server.config.name === name) ?? null;

/** The pool of that name; `null` where the configuration has none. */
export const findPool = (state: ControlState, name: string): PoolState | null =>
  state.pools.find((pool) => pool.name === name) ?? null;
