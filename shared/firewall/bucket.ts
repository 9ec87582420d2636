import type { RateLimitConfig } from "../config/route.ts";

/**
 * A rate limit as a bucket that leaks: the Generic Cell Rate Algorithm in its form of a continuous-state leaky bucket
 * (ATM Forum Traffic Management 4.0, 4.4.2), which decides as the one of theoretical arrival times does. Levels are
 * counted in requests, so they mean the same on machines whose clocks differ.
 */
export interface Leak {
  /** Requests that the bucket takes. */
  readonly burst: number;
  /** Requests that leak out in a millisecond. */
  readonly perMs: number;
}

export const leakOf = ({ requests, perMs, burst }: RateLimitConfig): Leak => ({
  burst: burst ?? requests,
  perMs: requests / perMs,
});

/** What is left of a level after some time. A clock that is set back lets nothing leak. */
export const drain = (level: number, { perMs }: Leak, elapsedMs: number): number =>
  Math.max(0, level - perMs * Math.max(0, elapsedMs));

/** Levels are sums of many small parts: what is short of a request by less than this is none. */
const roundingError = 1e-9;

/** Whether the bucket takes one more request. */
export const hasRoom = (level: number, { burst }: Leak): boolean => level + 1 <= burst + roundingError;

/** Requests that the bucket takes at once. */
export const roomIn = (level: number, { burst }: Leak): number =>
  Math.max(0, Math.floor(burst - level + roundingError));

/** Time until so much has leaked out, in whole milliseconds. */
export const timeToLeak = (amount: number, { perMs }: Leak): number =>
  Math.max(0, Math.ceil((amount - roundingError) / perMs));

/**
 * What is remembered of clients, no more of them than `capacity`. The one that was not used for longest goes first. For
 * each new one, up to two of these go that nothing is to be remembered of any more.
 */
export class ClientMap<Entry> {
  readonly #entries = new Map<string, Entry>();
  readonly #capacity: number;
  readonly #isEmpty: (entry: Entry, nowMs: number) => boolean;

  constructor(capacity: number, isEmpty: (entry: Entry, nowMs: number) => boolean) {
    this.#capacity = capacity;
    this.#isEmpty = isEmpty;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  [Symbol.iterator](): IterableIterator<[string, Entry]> {
    return this.#entries.entries();
  }

  /** Puts it at the end of those that may go. */
  use(key: string, entry: Entry, nowMs: number): void {
    if (!this.#entries.delete(key)) this.#makeRoom(nowMs);
    this.#entries.set(key, entry);
  }

  #makeRoom(nowMs: number): void {
    let dropped = 0;
    for (const [key, entry] of this.#entries) {
      const isFull = this.#entries.size >= this.#capacity;
      if (!isFull && (dropped === 2 || !this.#isEmpty(entry, nowMs))) return;
      this.#entries.delete(key);
      dropped++;
    }
  }
}
