import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isDue,
  isFresh,
  needsKey,
  type SigningKey,
  signingKey,
  soleSignerSinceMs,
  tokenEndMs,
} from "../../../shared/http/session-lifetime.ts";
import { limits } from "../../../shared/kernel/limits.ts";

const startedMs = 1_800_000_000_000;

describe("a token", () => {
  it("ends a while after it was issued, and never after its session", () => {
    expect(tokenEndMs(startedMs, startedMs)).toBe(startedMs + limits.sessionIdleMs);
    const sessionEndMs = startedMs + limits.sessionLifetimeMs;
    expect(tokenEndMs(startedMs, sessionEndMs - limits.sessionIdleMs - 1)).toBe(sessionEndMs - 1);
    expect(tokenEndMs(startedMs, sessionEndMs - 5)).toBe(sessionEndMs);
  });

  it("is replaced once it has served its time, and not before", () => {
    const token = { issuedMs: startedMs, expiresMs: startedMs + limits.sessionIdleMs };
    expect(isDue(token, startedMs + limits.sessionRotateMs - 1)).toBe(false);
    expect(isDue(token, startedMs + limits.sessionRotateMs)).toBe(true);
  });

  it("is not replaced again within its grace period", () => {
    const nowMs = startedMs + limits.sessionRotateMs;
    const replaced = { issuedMs: startedMs, expiresMs: nowMs + limits.sessionGraceMs };
    expect(isDue(replaced, nowMs)).toBe(false);
    expect(isDue({ ...replaced, expiresMs: replaced.expiresMs + 1 }, nowMs)).toBe(true);
  });

  it("is never old after a write, unless it is about to end, and never outlives its session", () => {
    const endMs = startedMs + limits.sessionLifetimeMs;
    const issuedAt = (nowMs: number) => ({ issuedMs: nowMs, expiresMs: tokenEndMs(startedMs, nowMs) });
    const pause = fc.integer({ min: 1, max: limits.sessionIdleMs });
    fc.assert(
      fc.property(fc.array(pause, { maxLength: 100 }), (pausesMs) => {
        let nowMs = startedMs;
        let token = issuedAt(nowMs);
        for (const pauseMs of pausesMs) {
          nowMs += pauseMs;
          if (token.expiresMs <= nowMs) break;
          if (isDue(token, nowMs)) token = issuedAt(nowMs);
          const isYoung = nowMs - token.issuedMs < limits.sessionRotateMs;
          expect(isYoung || token.expiresMs - nowMs <= limits.sessionGraceMs).toBe(true);
          expect(token.expiresMs).toBeLessThanOrEqual(endMs);
        }
      }),
    );
  });
});

describe("keys", () => {
  const key = (createdMs: number): SigningKey => ({ secret: `of ${createdMs}`, createdMs });
  const [first, second] = [key(startedMs), key(startedMs + limits.sessionKeyMs)];

  it("are fresh for their time, and not when the clock was set back behind it", () => {
    expect(isFresh(1000, 1000, 60)).toBe(true);
    expect(isFresh(1000, 1059, 60)).toBe(true);
    expect(isFresh(1000, 1060, 60)).toBe(false);
    expect(isFresh(1000, 999, 60)).toBe(false);
  });

  it("are too few when there is none, or the newest has served its time", () => {
    expect(needsKey([], startedMs)).toBe(true);
    expect(needsKey([first], second.createdMs - 1)).toBe(false);
    expect(needsKey([first], second.createdMs)).toBe(true);
    expect(needsKey([first, second], second.createdMs)).toBe(false);
  });

  it("sign when every server knows them; the first one, which cannot wait, at once", () => {
    const knownMs = second.createdMs + limits.sessionKeyCacheMs;
    expect(signingKey([], startedMs)).toBeUndefined();
    expect(signingKey([first], startedMs)).toBe(first);
    expect(signingKey([first, second], second.createdMs)).toBe(first);
    expect(signingKey([first, second], knownMs)).toBe(first);
    expect(signingKey([first, second], knownMs + 1)).toBe(second);
  });

  it("that are all of the future, by a clock that is behind, still sign", () => {
    expect(signingKey([first, second], startedMs - 1)).toBe(first);
  });

  it("are kept until no cookie that they signed is alive, however late a server hears of the next one", () => {
    const late = fc.integer({ min: 0, max: limits.sessionKeyCacheMs });
    fc.assert(
      fc.property(late, late, fc.integer({ min: 0, max: 3 * limits.sessionIdleMs }), (staleMs, waitedMs, laterMs) => {
        // The last signature of the first key: by a server whose list of keys is that old, while the second one waits.
        const signedMs = second.createdMs + Math.max(staleMs, waitedMs);
        expect(signingKey([first, second], second.createdMs + waitedMs)).toBe(first);
        const nowMs = second.createdMs + laterMs;
        const isDropped = second.createdMs <= soleSignerSinceMs(nowMs);
        if (isDropped) expect(nowMs).toBeGreaterThan(signedMs + limits.sessionIdleMs);
      }),
    );
  });

  it("are few: one at most for each life of a key that falls into the life of a token", () => {
    let keys: SigningKey[] = [];
    for (let nowMs = startedMs; nowMs < startedMs + 100 * limits.sessionKeyMs; nowMs += limits.sessionRotateMs) {
      if (!needsKey(keys, nowMs)) continue;
      keys = [...keys, key(nowMs)];
      const sole = keys.findLast(({ createdMs }) => createdMs <= soleSignerSinceMs(nowMs));
      keys = keys.filter(({ createdMs }) => createdMs >= (sole?.createdMs ?? 0));
      expect(keys.length).toBeLessThanOrEqual(3);
    }
    expect(keys).toHaveLength(3);
  });
});
