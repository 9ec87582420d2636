/**
 * What is counted of a pool's requests (`frontend`), of the way to its servers (`backend`), and of each server. The names
 * are the columns of HAProxy's statistics (management.txt 9.1), and mean the same, where a request stands for a session.
 *
 * - `sum`: happened since the last report. Sums of several reports add up.
 * - `most`: the largest value since then.
 * - `gauge`: how it stands. Gauges of several isolates add up; a new one of the same isolate takes the place of the old one.
 */
export const kinds = {
  /** Requests; of a server, tries. */
  stot: "sum",
  /** Bytes of bodies, as far as they are known. */
  bin: "sum",
  bout: "sum",
  /** Requests denied by a rule or a rate limit. */
  dreq: "sum",
  /** Requests refused because they are malformed, or too large. */
  ereq: "sum",
  /** Requests that ended because no server could be reached. */
  econ: "sum",
  /** Requests that ended because a server failed, with those that it broke off. */
  eresp: "sum",
  /** Tries that failed, after which the same server got the request again. */
  wretr: "sum",
  /** Tries that failed, after which another server got it. */
  wredis: "sum",
  /** Tries for which the algorithm chose, and not a cookie. */
  lbtot: "sum",
  /** Answers by the class of their status; of a server, its own alone. */
  hrsp_1xx: "sum",
  hrsp_2xx: "sum",
  hrsp_3xx: "sum",
  hrsp_4xx: "sum",
  hrsp_5xx: "sum",
  hrsp_other: "sum",
  /** Exchanges that the client, or the server, broke off. */
  cli_abrt: "sum",
  srv_abrt: "sum",
  /** Requests that the front answers in place of a server, without an error: redirects. */
  intercepted: "sum",
  /** Requests with the header of a server's answer, over which the times are summed up, in milliseconds. */
  timed: "sum",
  qtime: "sum",
  rtime: "sum",
  ttime: "sum",
  qtime_max: "most",
  rtime_max: "most",
  ttime_max: "most",
  /** Requests under way, and the most of them since the last report. */
  scur: "gauge",
  smax: "gauge",
  /** The same of requests that wait in the queue. */
  qcur: "gauge",
  qmax: "gauge",
  /** The most requests that came within one second. */
  rate: "gauge",
} as const;

/** The name of a counter. */
export type Counter = keyof typeof kinds;

/** The names of all counters. */
export const counterNames = Object.keys(kinds) as readonly Counter[];

/** The counters of one frontend, backend or server. */
export type Counts = Record<Counter, number>;

/** All at 0. */
export const noCounts = (): Counts => Object.fromEntries(counterNames.map((name) => [name, 0])) as Counts;

/** Those that are not 0. */
export type Delta = Readonly<Partial<Counts>>;

/** What was counted of one pool since the last report. */
export interface PoolDelta {
  readonly frontend: Delta;
  readonly backend: Delta;
  /** By name; servers of which nothing was counted are not in it. */
  readonly servers: Readonly<Record<string, Delta>>;
}

/** What one isolate of the front counted since its last report, by pool: plain data, for an RPC. */
export type CountersDelta = Readonly<Record<string, PoolDelta>>;

/** Where requests are counted that belong to no pool, because they were refused or redirected: a name that no pool has. */
export const noPool = "_trefoil";

/** Adds what was counted to what is there, whatever its kind. */
export function addDelta(counts: Counts, delta: Delta): void {
  for (const name of counterNames) {
    const value = delta[name] ?? 0;
    counts[name] = kinds[name] === "most" ? Math.max(counts[name], value) : counts[name] + value;
  }
}

/** What two isolates counted, together. Associative and commutative; `{}` changes nothing. */
export function mergeDeltas(one: CountersDelta, other: CountersDelta): CountersDelta {
  return mergeRecords(one, other, (left, right) => ({
    frontend: mergeCounts(left.frontend, right.frontend),
    backend: mergeCounts(left.backend, right.backend),
    servers: mergeRecords(left.servers, right.servers, mergeCounts),
  }));
}

function mergeCounts(one: Delta, other: Delta): Delta {
  const counts = noCounts();
  addDelta(counts, one);
  addDelta(counts, other);
  return withoutZeros(counts);
}

function mergeRecords<Value>(
  one: Readonly<Record<string, Value>>,
  other: Readonly<Record<string, Value>>,
  merge: (left: Value, right: Value) => Value,
): Record<string, Value> {
  const merged = new Map(Object.entries(one));
  for (const [name, value] of Object.entries(other)) {
    const found = merged.get(name);
    merged.set(name, found === undefined ? value : merge(found, value));
  }
  return Object.fromEntries(merged);
}

/** The counters as they go over the wire. */
export function withoutZeros(counts: Counts): Delta {
  const delta: Partial<Counts> = {};
  for (const name of counterNames) if (counts[name] !== 0) delta[name] = counts[name];
  return delta;
}
