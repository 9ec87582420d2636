/** What an isolate remembers of its own readiness. */
export interface Readiness {
  /** When it was last looked into; what came out may still be on its way. */
  readonly askedAtMs: number;
  /** `null` until the first look has ended. */
  readonly ready: boolean | null;
}

/** For how long an answer is given again: `readyz` needs no credential, so it must not multiply requests. */
const maxAgeMs = 1000;

/** Nothing is known yet. */
export const unknown: Readiness = { askedAtMs: Number.NEGATIVE_INFINITY, ready: null };

/** Whether to look again, or to answer from memory. While one request looks, others get the last answer. */
export function isDue({ askedAtMs, ready }: Readiness, nowMs: number): boolean {
  return ready === null || nowMs - askedAtMs >= maxAgeMs;
}

/**
 * Whether the site can serve: at least one server of each pool answers.
 *
 * @param pools per pool, which of its servers do.
 */
export function isReady(pools: readonly (readonly boolean[])[]): boolean {
  return pools.every((servers) => servers.includes(true));
}
