import type { Random } from "./random.ts";

/** How long to wait between tries. */
export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * The one retry schedule: exponential with full jitter, so that callers who failed together do not come back together.
 * Source: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 *
 * @param attempt how many tries have failed so far, 1 for the first wait.
 * @returns milliseconds in [0, min(capMs, baseMs * 2^(attempt - 1))).
 */
export function backoffMs(attempt: number, { baseMs, capMs }: Backoff, random: Random): number {
  return Math.floor(random() * Math.min(capMs, baseMs * 2 ** Math.max(0, attempt - 1)));
}
