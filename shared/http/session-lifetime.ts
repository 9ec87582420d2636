import { limits } from "../kernel/limits.ts";

/** When a token was issued and when it ends, in milliseconds since 1970. */
export interface TokenTimes {
  readonly issuedMs: number;
  readonly expiresMs: number;
}

/**
 * When a token that is issued now ends: a while after, but never past the end of its session.
 *
 * @param startedMs when the session began, in milliseconds since 1970.
 */
export const tokenEndMs = (startedMs: number, nowMs: number): number =>
  Math.min(nowMs + limits.sessionIdleMs, startedMs + limits.sessionLifetimeMs);

/**
 * Is it time to give the visitor a new token? Not in place of one that has only the grace period left: most likely it has a
 * successor already, which was sent with an answer that he has not seen yet.
 */
export const isDue = ({ issuedMs, expiresMs }: TokenTimes, nowMs: number): boolean =>
  nowMs - issuedMs >= limits.sessionRotateMs && expiresMs - nowMs > limits.sessionGraceMs;

/** A key that signs cookies. */
export interface SigningKey {
  readonly secret: string;
  /** In milliseconds since 1970. */
  readonly createdMs: number;
}

/** Are keys that were loaded at `loadedMs` younger than `maxAgeMs`? Not those of the future: then the clock was set back. */
export const isFresh = (loadedMs: number, nowMs: number, maxAgeMs: number): boolean =>
  loadedMs <= nowMs && nowMs - loadedMs < maxAgeMs;

/** Must a key be made before anything is signed? */
export function needsKey(keys: readonly SigningKey[], nowMs: number): boolean {
  const newest = keys.at(-1);
  return newest === undefined || nowMs - newest.createdMs >= limits.sessionKeyMs;
}

/**
 * The key to sign with: the newest that is old enough for every server to have it, so that none finds a cookie signed by
 * a stranger. The first key of all cannot wait.
 *
 * @param keys the oldest first.
 * @returns `undefined` when there are none.
 */
export const signingKey = (keys: readonly SigningKey[], nowMs: number): SigningKey | undefined =>
  keys.findLast(({ createdMs }) => nowMs - createdMs > limits.sessionKeyCacheMs) ?? keys[0];

/**
 * A key made before this moment has signed for so long that no cookie of the key before it is alive: that one may go. Two
 * times the cache, because a key waits that long before it signs, and a server may be that late to hear of it.
 */
export const soleSignerSinceMs = (nowMs: number): number => nowMs - limits.sessionIdleMs - 2 * limits.sessionKeyCacheMs;
