import type { RouteConfig } from "../config/route.ts";
import { limits } from "../kernel/limits.ts";
import { ClientMap, drain, type Leak, leakOf } from "./bucket.ts";
import { type KeyLevel, type KeyUsage, rateName, type RateLevels, type RateUsage } from "./rate-usage.ts";

interface SharedBucket {
  level: number;
  atMs: number;
}

/**
 * The rate limits of all isolates together, in control: in memory alone, for isolates never go below what they know
 * themselves. A level is never below that of one bucket which got every request that was told of at its own time, and is
 * equal to it while one isolate has all requests of a client.
 */
export class SharedRates {
  readonly #routes: ReadonlyMap<string, SharedLimit>;

  constructor(routes: readonly RouteConfig[]) {
    this.#routes = new Map(
      routes.flatMap((route) =>
        route.rateLimit === null ? [] : [[rateName(route), new SharedLimit(leakOf(route.rateLimit))]],
      ),
    );
  }

  /**
   * Adds what an isolate tells. A report that comes twice must be given once.
   *
   * @returns the levels of the clients in it, and of those at the other isolates that have least to spare.
   */
  sync(usage: RateUsage, nowMs: number): RateLevels {
    const levels: Record<string, readonly KeyLevel[]> = {};
    for (const [name, limit] of this.#routes) {
      const told = limit.sync(usage[name] ?? [], nowMs);
      if (told.length > 0) levels[name] = told;
    }
    return levels;
  }
}

class SharedLimit {
  readonly #leak: Leak;
  readonly #buckets: ClientMap<SharedBucket>;
  /** Those whose bucket is more than half full. */
  readonly #scarce: ClientMap<SharedBucket>;

  constructor(leak: Leak) {
    this.#leak = leak;
    const levelOf = ({ level, atMs }: SharedBucket, nowMs: number) => drain(level, leak, nowMs - atMs);
    this.#buckets = new ClientMap(limits.rateLimitKeys, (bucket, nowMs) => levelOf(bucket, nowMs) === 0);
    this.#scarce = new ClientMap(limits.rateLimitTold, (bucket, nowMs) => levelOf(bucket, nowMs) <= leak.burst / 2);
  }

  sync(usage: readonly KeyUsage[], nowMs: number): KeyLevel[] {
    const levels = new Map(usage.map((used): KeyLevel => [used[0], this.#add(used, nowMs)]));
    for (const [key, bucket] of this.#scarce) {
      const level = drain(bucket.level, this.#leak, nowMs - bucket.atMs);
      if (level > this.#leak.burst / 2) levels.set(key, level);
    }
    return Array.from(levels);
  }

  /**
   * What came over a time is taken to have come at its beginning, as far as the others have not used that time already:
   * then nothing has leaked out twice. What has not leaked out at the isolate itself has not here.
   */
  #add([key, used, left, spanMs]: KeyUsage, nowMs: number): number {
    const bucket = this.#buckets.get(key) ?? { level: 0, atMs: -Infinity };
    const startMs = Math.max(bucket.atMs, nowMs - spanMs);
    const before = drain(bucket.level, this.#leak, startMs - bucket.atMs);
    const together = drain(before + used, this.#leak, nowMs - startMs);
    bucket.level = Math.max(together, drain(before, this.#leak, nowMs - startMs) + left);
    bucket.atMs = Math.max(bucket.atMs, nowMs);
    this.#buckets.use(key, bucket, nowMs);
    if (bucket.level > this.#leak.burst / 2) this.#scarce.use(key, bucket, nowMs);
    return bucket.level;
  }
}
