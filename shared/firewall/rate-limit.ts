import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { RouteConfig } from "../config/route.ts";
import { limits } from "../kernel/limits.ts";
import { ClientMap, drain, hasRoom, type Leak, leakOf, roomIn, timeToLeak } from "./bucket.ts";
import { type KeyLevel, type KeyUsage, rateName, type RateLevels, type RateUsage } from "./rate-usage.ts";

/** Whether a client may send one more request, and what is left to him. */
export interface RateVerdict {
  readonly allowed: boolean;
  /** The policy's name and numbers, as `RateLimit-Policy` says them. */
  readonly policy: RatePolicy;
  /** Requests that he may send at once from now on. */
  readonly remaining: number;
  /** Time until all of them are his again. */
  readonly resetMs: number;
  /** Time until the next one is taken; 0 when this one was. */
  readonly retryAfterMs: number;
}

/** What clients are told of a rate limit. */
export interface RatePolicy {
  readonly name: string;
  readonly requests: number;
  readonly perMs: number;
}

/** One client's bucket, as far as this isolate knows. */
interface Bucket {
  level: number;
  /** What the level would be without the requests that control was not told of. */
  told: number;
  /** When the levels were so. */
  atMs: number;
  /** Requests that control was not told of, and when the first of them came. */
  untold: number;
  untoldSinceMs: number;
}

/**
 * The rate limits of all routes in one isolate. Alone, it is exact. Several isolates tell each other by control what
 * they let through, and each goes by the most that it knows of. With k isolates, each of which exchanges `report` and
 * `adopt` with control at least every d milliseconds, all of them together let through, of one client, in any time t,
 * at most
 *
 *     rate * t + k * burst + (k - 1) * rate * 2 d
 *
 * where `rate` is `requests / perMs`: a burst of their own at each of them before they know of each other, and what they
 * can let through while word goes round. A clock of each is enough; none has to show the same time as another.
 */
export interface RateLimits {
  /**
   * Counts a request, if it is allowed.
   *
   * @param route one of those that the limits were opened with.
   * @param key what tells the client from others, of any length.
   * @returns `null` where the route has no limit.
   */
  take(route: RouteConfig, key: string, nowMs: number): RateVerdict | null;
  /** What is to be told to control. It counts as told from now on. */
  report(nowMs: number): RateUsage;
  /** Takes over what control says of all isolates. */
  adopt(levels: RateLevels, nowMs: number): void;
}

/** Opens the limits of those routes that have one. */
export function openRateLimits(routes: readonly RouteConfig[]): RateLimits {
  const limited = new Map(routes.flatMap((route) => (route.rateLimit === null ? [] : [[route, new Limit(route)]])));
  return {
    take: (route, key, nowMs) => limited.get(route)?.take(shortened(key), nowMs) ?? null,
    report(nowMs) {
      const usage = Array.from(limited, ([route, limit]) => [rateName(route), limit.report(nowMs)] as const);
      return Object.fromEntries(usage.filter(([, used]) => used.length > 0));
    },
    adopt(levels, nowMs) {
      for (const [route, limit] of limited) limit.adopt(levels[rateName(route)] ?? [], nowMs);
    },
  };
}

/**
 * A key of bounded length: clients send what they like. Nobody finds another key for the bucket of a client, to use up
 * what is his: of SHA-256 no collisions are known, and keys that are kept whole are shorter than it is.
 */
const shortened = (key: string): string =>
  key.length < limits.rateLimitKeyLength ? key : bytesToHex(sha256(utf8ToBytes(key)));

/** The limit of one route. */
class Limit {
  readonly #leak: Leak;
  readonly #policy: RatePolicy;
  readonly #buckets: ClientMap<Bucket>;

  constructor({ path, rateLimit }: RouteConfig) {
    if (rateLimit === null) throw new Error("The route has no rate limit.");
    const { requests, perMs } = rateLimit;
    this.#leak = leakOf(rateLimit);
    this.#policy = { name: path, requests, perMs };
    this.#buckets = new ClientMap(
      limits.rateLimitKeys,
      ({ level, atMs }, nowMs) => drain(level, this.#leak, nowMs - atMs) === 0,
    );
  }

  take(key: string, nowMs: number): RateVerdict {
    const bucket = this.#open(key, nowMs);
    const allowed = hasRoom(bucket.level, this.#leak);
    const retryAfterMs = allowed ? 0 : timeToLeak(bucket.level + 1 - this.#leak.burst, this.#leak);
    if (allowed) {
      bucket.level++;
      if (bucket.untold++ === 0) bucket.untoldSinceMs = nowMs;
    }
    const remaining = roomIn(bucket.level, this.#leak);
    return {
      allowed,
      policy: this.#policy,
      remaining,
      resetMs: timeToLeak(bucket.level, this.#leak),
      retryAfterMs,
    };
  }

  report(nowMs: number): KeyUsage[] {
    const untold = Array.from(this.#buckets).filter(([, bucket]) => bucket.untold > 0);
    if (untold.length > limits.rateLimitReported) untold.sort(([, one], [, other]) => other.untold - one.untold);
    return untold.slice(0, limits.rateLimitReported).map(([key, bucket]): KeyUsage => {
      this.#leakOut(bucket, nowMs);
      const used = bucket.untold;
      const left = bucket.level - bucket.told;
      bucket.told = bucket.level;
      bucket.untold = 0;
      return [key, used, left, nowMs - bucket.untoldSinceMs];
    });
  }

  adopt(levels: readonly KeyLevel[], nowMs: number): void {
    for (const [key, level] of levels) {
      const bucket = this.#open(key, nowMs);
      bucket.told = Math.max(bucket.told, level);
      bucket.level = Math.max(bucket.level, level + bucket.untold);
    }
  }

  #open(key: string, nowMs: number): Bucket {
    const bucket = this.#buckets.get(key) ?? { level: 0, told: 0, atMs: nowMs, untold: 0, untoldSinceMs: nowMs };
    this.#leakOut(bucket, nowMs);
    this.#buckets.use(key, bucket, nowMs);
    return bucket;
  }

  #leakOut(bucket: Bucket, nowMs: number): void {
    const elapsedMs = nowMs - bucket.atMs;
    if (elapsedMs <= 0) return;
    bucket.level = drain(bucket.level, this.#leak, elapsedMs);
    bucket.told = drain(bucket.told, this.#leak, elapsedMs);
    bucket.atMs = nowMs;
  }
}
