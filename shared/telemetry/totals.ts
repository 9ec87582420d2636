import { limits } from "../kernel/limits.ts";
import {
  addDelta,
  type Counter,
  counterNames,
  type Counts,
  type CountersDelta,
  type Delta,
  kinds,
  noCounts,
  noPool,
  type PoolDelta,
  withoutZeros,
} from "./counters.ts";
import { Rate } from "./rate.ts";
import type { PoolNames } from "./recorder.ts";

/** What is known of a frontend, backend or server over all isolates and all time. */
export interface Total {
  /** Sums and largest values; `rate` is the one of the last second, `scur` and `qcur` are those of the live isolates. */
  readonly counts: Readonly<Counts>;
  readonly rateMax: number;
  /** Times in milliseconds, averaged over the last 1024 answers. */
  readonly queueMs: number;
  readonly responseMs: number;
  readonly totalMs: number;
  /** When the last request came; `null`: none did. */
  readonly lastRequestMs: number | null;
}

/** The totals of one pool. */
export interface PoolTotals {
  readonly frontend: Total;
  readonly backend: Total;
  readonly servers: ReadonlyMap<string, Total>;
}

/** A total as it is stored: what an isolate will not tell again. */
interface StoredTotal {
  readonly counts: Delta;
  readonly rateMax: number;
  readonly times: Averages;
  readonly lastRequestMs: number | null;
}

interface StoredPool {
  readonly frontend: StoredTotal;
  readonly backend: StoredTotal;
  readonly servers: Readonly<Record<string, StoredTotal>>;
}

/** The totals of all pools as they are stored. Plain data, JSON takes it. */
export type StoredTotals = Readonly<Record<string, StoredPool>>;

/** Over how many answers HAProxy averages its times: management.txt 9.1, `qtime`. */
const window = 1024;

interface Averages {
  readonly qtime: number;
  readonly rtime: number;
  readonly ttime: number;
}

/** The gauges of one isolate, as it told them last. */
interface Isolate {
  readonly atMs: number;
  readonly delta: CountersDelta;
}

const gauges = counterNames.filter((name) => kinds[name] === "gauge");

/** One frontend, backend or server. */
class Sum {
  readonly #sums: Counts = noCounts();
  /** The gauges of all live isolates together. */
  readonly #live: Counts = noCounts();
  readonly #rate = new Rate();
  #rateMax = 0;
  #times: Averages = { qtime: 0, rtime: 0, ttime: 0 };
  #lastRequestMs: number | null = null;

  restore({ counts, rateMax, times, lastRequestMs }: StoredTotal): void {
    addDelta(this.#sums, counts);
    this.#rateMax = rateMax;
    this.#times = times;
    this.#lastRequestMs = lastRequestMs;
  }

  /** Takes over what one isolate counted; the gauges that it told before are taken back by `leave`. */
  absorb(delta: Delta, nowMs: number): void {
    this.#average(delta);
    for (const name of counterNames) this.#add(name, delta[name] ?? 0);
    this.#rate.add(nowMs, delta.rate ?? 0);
    this.#rateMax = Math.max(this.#rateMax, this.#rate.read(nowMs));
    this.#sums.smax = Math.max(this.#sums.smax, this.#live.smax);
    this.#sums.qmax = Math.max(this.#sums.qmax, this.#live.qmax);
    if ((delta.stot ?? 0) > 0) this.#lastRequestMs = nowMs;
  }

  leave(delta: Delta): void {
    for (const name of gauges) this.#live[name] -= delta[name] ?? 0;
  }

  read(nowMs: number): Total {
    const { scur, qcur } = this.#live;
    const { qtime, rtime, ttime } = this.#times;
    return {
      counts: { ...this.#sums, scur, qcur, rate: this.#rate.read(nowMs) },
      rateMax: this.#rateMax,
      queueMs: qtime,
      responseMs: rtime,
      totalMs: ttime,
      lastRequestMs: this.#lastRequestMs,
    };
  }

  clear(what: "maxima" | "all"): void {
    for (const name of counterNames) if (what === "all" || kinds[name] !== "sum") this.#sums[name] = 0;
    this.#rateMax = 0;
    if (what === "all") this.#times = { qtime: 0, rtime: 0, ttime: 0 };
  }

  store(): StoredTotal {
    const counts = withoutZeros({ ...this.#sums, scur: 0, qcur: 0, rate: 0 });
    return { counts, rateMax: this.#rateMax, times: this.#times, lastRequestMs: this.#lastRequestMs };
  }

  #add(name: Counter, value: number): void {
    if (kinds[name] === "gauge") this.#live[name] += value;
    else if (kinds[name] === "most") this.#sums[name] = Math.max(this.#sums[name], value);
    else this.#sums[name] += value;
  }

  /** The mean of all as long as there are fewer than `window`; then the newest one weighs as much as each of these. */
  #average({ timed = 0, qtime = 0, rtime = 0, ttime = 0 }: Delta): void {
    if (timed === 0) return;
    const share = Math.min(1, timed / Math.min(window, this.#sums.timed + timed));
    const mix = (mean: number, sum: number) => mean + (sum / timed - mean) * share;
    const { qtime: queue, rtime: response, ttime: total } = this.#times;
    this.#times = { qtime: mix(queue, qtime), rtime: mix(response, rtime), ttime: mix(total, ttime) };
  }
}

interface PoolSums {
  readonly frontend: Sum;
  readonly backend: Sum;
  readonly servers: ReadonlyMap<string, Sum>;
}

/**
 * The counters of all isolates together, in control. Sums count each report once, however they come; what many isolates
 * had at most at one time is the sum of what each had at most, so never too small. An isolate that has told nothing for
 * `limits.isolateSilentMs` is taken for gone, with the requests that it had under way.
 */
export class Totals {
  readonly #pools: ReadonlyMap<string, PoolSums>;
  /** The one that was heard longest ago first. */
  readonly #isolates = new Map<string, Isolate>();

  /**
   * @param pools those of the site; what is told or stored of others is dropped.
   * @param stored what `store` gave before.
   */
  constructor(pools: PoolNames, stored: StoredTotals = {}) {
    const sums = Object.entries(pools).map(([name, servers]) => [name, poolSums(servers, stored[name])] as const);
    this.#pools = new Map([...sums, [noPool, poolSums([], stored[noPool])]]);
  }

  /** Takes over what an isolate counted. A report that comes twice must be given once. */
  absorb(isolate: string, delta: CountersDelta, nowMs: number): void {
    this.#forget(isolate);
    this.#expire(nowMs);
    this.#isolates.set(isolate, { atMs: nowMs, delta: gaugesOf(delta) });
    this.#each(delta, (sum, counts) => sum.absorb(counts, nowMs));
  }

  /** Where the counters of a pool stand; `null`: those of requests without a pool. */
  read(pool: string | null, nowMs: number): PoolTotals | null {
    this.#expire(nowMs);
    const sums = this.#pools.get(pool ?? noPool);
    if (sums === undefined) return null;
    const servers = new Map(Array.from(sums.servers, ([name, sum]) => [name, sum.read(nowMs)]));
    return { frontend: sums.frontend.read(nowMs), backend: sums.backend.read(nowMs), servers };
  }

  /** Begins to count anew. HAProxy's Runtime API, `clear counters` and `clear counters all`. */
  clear(what: "maxima" | "all"): void {
    for (const { frontend, backend, servers } of this.#pools.values())
      for (const sum of [frontend, backend, ...servers.values()]) sum.clear(what);
  }

  /** What is to be stored. */
  store(): StoredTotals {
    const stored = Array.from(this.#pools, ([name, { frontend, backend, servers }]) => {
      const ofServers = Object.fromEntries(Array.from(servers, ([server, sum]) => [server, sum.store()]));
      return [name, { frontend: frontend.store(), backend: backend.store(), servers: ofServers }] as const;
    });
    return Object.fromEntries(stored);
  }

  #expire(nowMs: number): void {
    for (const [isolate, { atMs }] of this.#isolates) {
      if (nowMs - atMs < limits.isolateSilentMs) return;
      this.#forget(isolate);
    }
  }

  #forget(isolate: string): void {
    const known = this.#isolates.get(isolate);
    if (known === undefined) return;
    this.#isolates.delete(isolate);
    this.#each(known.delta, (sum, counts) => sum.leave(counts));
  }

  #each(delta: CountersDelta, act: (sum: Sum, counts: Delta) => void): void {
    for (const [name, { frontend, backend, servers }] of Object.entries(delta)) {
      const sums = this.#pools.get(name);
      if (sums === undefined) continue;
      act(sums.frontend, frontend);
      act(sums.backend, backend);
      for (const [server, counts] of Object.entries(servers)) {
        const sum = sums.servers.get(server);
        if (sum !== undefined) act(sum, counts);
      }
    }
  }
}

function poolSums(servers: readonly string[], stored: StoredPool | undefined): PoolSums {
  const open = (total: StoredTotal | undefined): Sum => {
    const sum = new Sum();
    if (total !== undefined) sum.restore(total);
    return sum;
  };
  return {
    frontend: open(stored?.frontend),
    backend: open(stored?.backend),
    servers: new Map(servers.map((name) => [name, open(stored?.servers[name])])),
  };
}

/** What has to be remembered of a report, to be taken back. */
const gaugesOf = (delta: CountersDelta): CountersDelta =>
  Object.fromEntries(
    Object.entries(delta).map(([name, { frontend, backend, servers }]): [string, PoolDelta] => [
      name,
      {
        frontend: onlyGauges(frontend),
        backend: onlyGauges(backend),
        servers: Object.fromEntries(Object.entries(servers).map(([server, each]) => [server, onlyGauges(each)])),
      },
    ]),
  );

const onlyGauges = ({ scur = 0, smax = 0, qcur = 0, qmax = 0, rate = 0 }: Delta): Delta => ({
  scur,
  smax,
  qcur,
  qmax,
  rate,
});
