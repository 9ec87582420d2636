import {
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
import type { Exchange } from "./exchange.ts";
import { Rate } from "./rate.ts";

/** What a recorder needs to know of the site: the pools, and the names of their servers. */
export type PoolNames = Readonly<Record<string, readonly string[]>>;

/** How busy the front is, for a line of the log. */
export interface Load {
  /** Requests under way in this isolate, those of the pool, and those at the server. */
  readonly total: number;
  readonly pool: number;
  readonly server: number;
}

/** The counters of a frontend, backend or server in this isolate. */
class Tally {
  readonly counts: Counts = noCounts();
  readonly #rate = new Rate();

  arrive(nowMs: number): void {
    const { counts } = this;
    counts.stot++;
    counts.scur++;
    if (counts.scur > counts.smax) counts.smax = counts.scur;
    this.#rate.add(nowMs, 1);
  }

  queue(by: 1 | -1): void {
    const { counts } = this;
    counts.qcur += by;
    if (counts.qcur > counts.qmax) counts.qmax = counts.qcur;
  }

  answer(status: number): void {
    this.counts[classOf(status)]++;
  }

  time(queueMs: number, responseMs: number, totalMs: number): void {
    const { counts } = this;
    counts.timed++;
    counts.qtime += queueMs;
    counts.rtime += responseMs;
    counts.ttime += totalMs;
    if (queueMs > counts.qtime_max) counts.qtime_max = queueMs;
    if (responseMs > counts.rtime_max) counts.rtime_max = responseMs;
    if (totalMs > counts.ttime_max) counts.ttime_max = totalMs;
  }

  /** What was counted since the last time. Gauges stay, and their largest values begin anew. */
  take(nowMs: number): Delta {
    const { counts } = this;
    if (counts.smax === 0 && counts.qmax === 0) return nothing;
    counts.rate = this.#rate.read(nowMs);
    const delta = withoutZeros(counts);
    for (const name of counterNames) if (kinds[name] !== "gauge") counts[name] = 0;
    counts.smax = counts.scur;
    counts.qmax = counts.qcur;
    return delta;
  }
}

/** Of those to whom nothing has happened. */
const nothing: Delta = {};

interface PoolTally {
  readonly frontend: Tally;
  readonly backend: Tally;
  readonly servers: ReadonlyMap<string, Tally>;
}

const classes = ["hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx"] as const;

const classOf = (status: number) => classes[Math.floor(status / 100) - 1] ?? "hrsp_other";

/**
 * Counts the requests of one isolate. In the order of a request: `arrived`, `queued` and `unqueued` if it has to wait,
 * `tried`, `failed` for each try that is followed by another one, `returned`, `record` when it is over. Plain additions, no
 * allocation. Names that the site does not have are ignored.
 */
export class Recorder {
  readonly #pools: ReadonlyMap<string, PoolTally>;
  #total = 0;

  constructor(pools: PoolNames) {
    const tallies = Object.entries(pools).map(([name, servers]) => [name, poolTally(servers)] as const);
    this.#pools = new Map([...tallies, [noPool, poolTally([])]]);
  }

  /** A request has come for a pool; `null`: for none. */
  arrived(pool: string | null, nowMs: number): void {
    this.#total++;
    const tally = this.#pool(pool);
    tally?.frontend.arrive(nowMs);
    tally?.backend.arrive(nowMs);
  }

  /** It waits for a server. */
  queued(pool: string): void {
    this.#pool(pool)?.backend.queue(1);
  }

  /** It waits no longer, whatever came of it. */
  unqueued(pool: string): void {
    this.#pool(pool)?.backend.queue(-1);
  }

  /**
   * It is sent to a server.
   *
   * @param isBound whether the visitor's cookie chose it, and not the algorithm.
   */
  tried(pool: string, server: string, isBound: boolean, nowMs: number): void {
    const tally = this.#pool(pool);
    const tried = tally?.servers.get(server);
    if (tally === undefined || tried === undefined) return;
    tried.arrive(nowMs);
    if (isBound) return;
    tried.counts.lbtot++;
    tally.backend.counts.lbtot++;
  }

  /**
   * The server has failed, and the request is sent again.
   *
   * @param next whether the same server gets it or another one.
   */
  failed(pool: string, server: string, next: "same" | "other"): void {
    const tally = this.#pool(pool);
    const tried = tally?.servers.get(server);
    if (tally === undefined || tried === undefined) return;
    tried.counts.scur--;
    const counter = next === "same" ? "wretr" : "wredis";
    tried.counts[counter]++;
    tally.backend.counts[counter]++;
  }

  /** The last server that was tried failed, and what an earlier one answered goes to the client: the request is its again. */
  returned(pool: string, last: string, earlier: string): void {
    const servers = this.#pool(pool)?.servers;
    const [from, to] = [servers?.get(last), servers?.get(earlier)];
    if (from === undefined || to === undefined) return;
    from.counts.scur--;
    to.counts.scur++;
  }

  /** It is over, or out of the front's hands. */
  record(exchange: Exchange): void {
    this.#total--;
    const tally = this.#pool(exchange.pool);
    if (tally === undefined) return;
    const server = exchange.server === null ? undefined : tally.servers.get(exchange.server);
    close(tally.frontend, exchange);
    close(tally.backend, exchange);
    if (server !== undefined) close(server, exchange);
    answer(tally, server, exchange);
    blame(tally, server, exchange);
  }

  /** How busy the front is, with the request that asks. */
  load(pool: string | null, server: string | null): Load {
    const tally = this.#pool(pool);
    return {
      total: this.#total,
      pool: tally?.backend.counts.scur ?? 0,
      server: (server !== null && tally?.servers.get(server)?.counts.scur) || 0,
    };
  }

  /** What was counted since the last time. */
  take(nowMs: number): CountersDelta {
    const delta: Record<string, PoolDelta> = {};
    for (const [name, tally] of this.#pools) {
      const frontend = tally.frontend.take(nowMs);
      const backend = tally.backend.take(nowMs);
      const servers = takeServers(tally.servers, nowMs);
      if (!isEmpty(frontend) || !isEmpty(backend) || !isEmpty(servers)) delta[name] = { frontend, backend, servers };
    }
    return delta;
  }

  #pool(name: string | null): PoolTally | undefined {
    return this.#pools.get(name ?? noPool);
  }
}

const poolTally = (servers: readonly string[]): PoolTally => ({
  frontend: new Tally(),
  backend: new Tally(),
  servers: new Map(servers.map((name) => [name, new Tally()])),
});

function takeServers(servers: ReadonlyMap<string, Tally>, nowMs: number): Record<string, Delta> {
  const taken: Record<string, Delta> = {};
  for (const [name, tally] of servers) {
    const delta = tally.take(nowMs);
    if (!isEmpty(delta)) taken[name] = delta;
  }
  return taken;
}

function isEmpty(record: object): boolean {
  for (const _ in record) return false;
  return true;
}

function close({ counts }: Tally, { bytesIn, bytesOut }: Exchange): void {
  counts.scur--;
  counts.bin += bytesIn ?? 0;
  counts.bout += bytesOut ?? 0;
}

/** A server has to answer for what it sent, not for what the front says in its place. */
function answer(tally: PoolTally, server: Tally | undefined, exchange: Exchange): void {
  const { status, queueMs, responseMs, totalMs } = exchange;
  if (status !== null) {
    tally.frontend.answer(status);
    tally.backend.answer(status);
  }
  if (responseMs === null || server === undefined) return;
  if (status !== null) server.answer(status);
  server.time(queueMs ?? 0, responseMs, totalMs);
  tally.backend.time(queueMs ?? 0, responseMs, totalMs);
}

/** Whose fault the end was, by the first two characters of the termination state: as HAProxy counts it. */
function blame({ frontend, backend }: PoolTally, server: Tally | undefined, exchange: Exchange): void {
  const cause = exchange.termination.charAt(0);
  const phase = exchange.termination.charAt(1);
  if (cause === "-" || cause === "I") return;
  if (cause === "L") frontend.counts.intercepted++;
  else if (phase === "R") frontend.counts[isDenied(exchange) ? "dreq" : "ereq"]++;
  else if (cause === "C" || cause === "c") count("cli_abrt", backend, server);
  else if (phase === "Q" || phase === "C") count("econ", backend, server);
  else count("eresp", backend, server);
  if (phase === "D" && (cause === "S" || cause === "s" || cause === "D")) count("srv_abrt", backend, server);
}

function count(counter: "cli_abrt" | "srv_abrt" | "econ" | "eresp", backend: Tally, server: Tally | undefined): void {
  backend.counts[counter]++;
  if (server !== undefined) server.counts[counter]++;
}

/** By a rule; others are malformed. HAProxy tells them apart by what refuses them. */
const isDenied = ({ status }: Exchange): boolean => status === 403 || status === 429;
