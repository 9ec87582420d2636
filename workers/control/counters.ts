import type { Loads } from "../../shared/admin/runtime-tables.ts";
import { keyOf } from "../../shared/balance/control-state.ts";
import type { Report } from "../../shared/balance/report.ts";
import type { Site } from "../../shared/config/site.ts";
import { SharedRates } from "../../shared/firewall/shared-rates.ts";
import type { RateLevels } from "../../shared/firewall/rate-usage.ts";
import { present } from "../../shared/kernel/assert.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { type PoolTotals, type StoredTotals, Totals } from "../../shared/telemetry/totals.ts";

/** One row for each pool: a row takes 2 MB, and a thousand servers take half of one. */
const prefix = "totals/";

/** What the isolates of the front counted, all together: requests, which survive restarts and deploys, and rates. */
export class Counters {
  readonly #kv: SyncKvStorage;
  readonly #totals: Totals;
  readonly #rates: SharedRates;
  readonly #pools: readonly string[];
  #storedAtMs = -Infinity;
  #isStored = true;

  constructor(kv: SyncKvStorage, { pools, routes }: Site) {
    const names = Object.entries(pools).map(([pool, { servers }]) => [pool, servers.map(({ name }) => name)] as const);
    this.#kv = kv;
    this.#pools = Object.keys(pools);
    const stored = Array.from(kv.list<StoredTotals[string]>({ prefix }));
    const totals = stored.map(([key, each]) => [key.slice(prefix.length), each] as const);
    this.#totals = new Totals(Object.fromEntries(names), Object.fromEntries(totals));
    for (const [pool] of totals) if (this.#totals.read(pool, 0) === null) kv.delete(prefix + pool);
    this.#rates = new SharedRates(routes);
  }

  /** Takes over a report that is new. */
  count({ isolate, counters }: Report, nowMs: number): void {
    this.#totals.absorb(isolate, counters, nowMs);
    this.#isStored = false;
    this.keep(nowMs);
  }

  /** Stores what was counted, if it is time to. */
  keep(nowMs: number): void {
    if (!this.#isStored && nowMs - this.#storedAtMs >= limits.countersStoreMs) this.#store(nowMs);
  }

  /**
   * What clients have used of their rates.
   *
   * @param isNew whether the report is; what it says of rates counts once.
   */
  rates({ rates }: Report, isNew: boolean, nowMs: number): RateLevels {
    return this.#rates.sync(isNew ? rates : {}, nowMs);
  }

  /** Where the counters of a pool of the site stand; `null`: those of requests without a pool. */
  read(pool: string | null, nowMs: number): PoolTotals {
    return present(this.#totals.read(pool, nowMs), `the counters of ${pool}`);
  }

  /** Requests under way at each server. */
  loads(nowMs: number): Loads {
    return new Map(
      this.#pools.flatMap((pool) =>
        Array.from(this.read(pool, nowMs).servers, ([server, { counts }]) => {
          return [keyOf(pool, server), { current: counts.scur, most: counts.smax }] as const;
        }),
      ),
    );
  }

  /** Begins to count anew. */
  clear(what: "maxima" | "all", nowMs: number): void {
    this.#totals.clear(what);
    this.#store(nowMs);
  }

  #store(nowMs: number): void {
    this.#storedAtMs = nowMs;
    this.#isStored = true;
    for (const [pool, totals] of Object.entries(this.#totals.store())) this.#kv.put(prefix + pool, totals);
  }
}
