import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RateLimitConfig, RouteConfig } from "../../../shared/config/route.ts";
import { openRateLimits } from "../../../shared/firewall/rate-limit.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import { routeWith } from "../../support/rate-route.ts";

const open = (rateLimit: Partial<RateLimitConfig>) => {
  const route = routeWith(rateLimit);
  const rates = openRateLimits([route]);
  return {
    rates,
    take: (nowMs: number, key = "192.0.2.7") => {
      const verdict = rates.take(route, key, nowMs);
      if (verdict === null) throw new Error("no limit");
      return verdict;
    },
  };
};

describe("a rate limit", () => {
  it("lets a burst through at once, then one request as often as the rate says", () => {
    const { take } = open({ requests: 60, perMs: 60_000, burst: 3 });
    const allowed = [0, 0, 0, 0, 999, 1000, 1001, 2000].map((nowMs) => take(nowMs).allowed);
    expect(allowed).toEqual([true, true, true, false, false, true, false, true]);
  });

  it("says how many are left, when all are back, and when the next one is taken", () => {
    const { take } = open({ requests: 60, perMs: 60_000, burst: 2 });
    expect(take(0)).toMatchObject({ allowed: true, remaining: 1, resetMs: 1000, retryAfterMs: 0 });
    expect(take(500)).toMatchObject({ allowed: true, remaining: 0, resetMs: 1500, retryAfterMs: 0 });
    expect(take(600)).toMatchObject({ allowed: false, remaining: 0, resetMs: 1400, retryAfterMs: 400 });
    expect(take(1000)).toMatchObject({ allowed: true, remaining: 0 });
    expect(take(100_000)).toMatchObject({ allowed: true, remaining: 1 });
  });

  it("has a burst of all its requests where none is said", () => {
    const { take } = open({ requests: 5, perMs: 60_000 });
    expect([0, 0, 0, 0, 0, 0].map((nowMs) => take(nowMs).allowed)).toEqual([true, true, true, true, true, false]);
  });

  it("takes a request as soon as it said, and not before, whatever the numbers", () => {
    const config = fc.record({
      requests: fc.integer({ min: 1, max: 5000 }),
      perMs: fc.integer({ min: 1000, max: 86_400_000 }),
      burst: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(config, fc.integer({ min: 0, max: 2e12 }), (each, startMs) => {
        const { take } = open(each);
        for (let request = 0; request < each.burst; request++) expect(take(startMs).allowed).toBe(true);
        const { allowed, retryAfterMs } = take(startMs);
        expect(allowed).toBe(false);
        if (retryAfterMs > 1) expect(take(startMs + retryAfterMs - 1).allowed).toBe(false);
        expect(take(startMs + retryAfterMs).allowed).toBe(true);
      }),
    );
  });

  it("decides as the theoretical arrival times of GCRA do", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 100, size: "max" });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 8 }), (each, burst) => {
        // 2 requests a second, so that every time is a whole number.
        const { take } = open({ requests: 120, perMs: 60_000, burst });
        let arrivalMs = 0;
        let nowMs = 0;
        for (const gap of each) {
          nowMs += gap;
          const conforms = arrivalMs - nowMs <= (burst - 1) * 500;
          expect(take(nowMs).allowed).toBe(conforms);
          if (conforms) arrivalMs = Math.max(arrivalMs, nowMs) + 500;
        }
      }),
    );
  });

  it("counts each client by itself, and none where the route has no limit", () => {
    const { rates, take } = open({ requests: 1 });
    expect([take(0, "a"), take(0, "b"), take(0, "a")].map(({ allowed }) => allowed)).toEqual([true, true, false]);
    const free: RouteConfig = { ...routeWith({}), rateLimit: null };
    expect(rates.take(free, "a", 0)).toBe(null);
  });

  it("does not lose a client's requests when the clock is set back", () => {
    const { take } = open({ requests: 1, perMs: 1000 });
    expect([5000, 4000, 5999, 6000].map((nowMs) => take(nowMs).allowed)).toEqual([true, false, false, true]);
  });
});

describe("the memory of a rate limit", () => {
  it("holds so many clients, and forgets the one that was not seen for longest", () => {
    const { take } = open({ requests: 1 });
    const client = (index: number) => `client ${index}`;
    for (let index = 0; index < limits.rateLimitKeys; index++) take(0, client(index));
    expect(take(0, client(0)).allowed).toBe(false);
    take(0, "one more");
    expect(take(0, client(0)).allowed).toBe(false);
    expect(take(0, client(2)).allowed).toBe(false);
    expect(take(0, client(1)).allowed).toBe(true);
  });

  it("tells keys apart that are longer than it keeps, and does not tell them on", () => {
    const { rates, take } = open({ requests: 1 });
    const long = "s".repeat(limits.rateLimitKeyLength - 1);
    expect(take(0, long).allowed).toBe(true);
    expect(take(0, `${long}a`).allowed).toBe(true);
    expect(take(0, `${long}b`).allowed).toBe(true);
    expect(take(0, `${long}a`).allowed).toBe(false);
    const keys = Object.values(rates.report(0)).flatMap((used) => used.map(([key]) => key));
    expect(Math.max(...keys.map((key) => key.length))).toBe(limits.rateLimitKeyLength);
    expect(keys).toContain(long);
    expect(keys.join()).not.toContain(`${long}a`);
  });

  it("gives nobody the bucket of another client for a key that is what is kept of the other's", () => {
    const { rates, take } = open({ requests: 1 });
    const long = "s".repeat(2 * limits.rateLimitKeyLength);
    expect(take(0, long).allowed).toBe(true);
    const [hash = ""] = Object.values(rates.report(0)).flatMap((used) => used.map(([key]) => key));
    expect(hash).not.toBe(long);
    expect(take(0, hash).allowed).toBe(true);
    expect(take(0, long).allowed).toBe(false);
  });
});
