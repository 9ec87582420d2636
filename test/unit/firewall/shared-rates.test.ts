import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openRateLimits } from "../../../shared/firewall/rate-limit.ts";
import { rateName } from "../../../shared/firewall/rate-usage.ts";
import { SharedRates } from "../../../shared/firewall/shared-rates.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import { routeWith } from "../../support/rate-route.ts";

/** Several isolates with one control, between which a message takes no time. */
function cluster(isolates: number, config: Parameters<typeof routeWith>[0]) {
  const route = routeWith(config);
  const shared = new SharedRates([route]);
  const all = Array.from({ length: isolates }, () => openRateLimits([route]));
  return {
    route,
    take: (isolate: number, nowMs: number, key = "k") => all[isolate]?.take(route, key, nowMs)?.allowed ?? false,
    sync(isolate: number, nowMs: number) {
      const rates = all[isolate];
      rates?.adopt(shared.sync(rates.report(nowMs), nowMs), nowMs);
    },
    level: (nowMs: number, key = "k") =>
      new Map(shared.sync({ [rateName(route)]: [[key, 0, 0, 0]] }, nowMs)[rateName(route)]).get(key) ?? 0,
  };
}

/** What happens: after some time a client sends a request to an isolate, or the isolate talks to control. */
const events = (isolates: number) =>
  fc.array(
    fc.record({
      gapMs: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 3000 })),
      isolate: fc.integer({ min: 0, max: isolates - 1 }),
      requests: fc.integer({ min: 0, max: 6 }),
    }),
    { maxLength: 100, size: "max" },
  );

const d = 1000;
const perMs = 2 / 1000;
const config = (burst: number) => ({ requests: 120, perMs: 60_000, burst });

/** Runs the events; each isolate talks to control when `d` is over, also between them. Gives the times of what was let through. */
function run(isolates: number, burst: number, each: readonly { gapMs: number; isolate: number; requests: number }[]) {
  const nodes = cluster(isolates, config(burst));
  const passed: number[] = [];
  let nowMs = 0;
  const talk = (untilMs: number) => {
    for (let turnMs = nowMs - (nowMs % d); turnMs <= untilMs; turnMs += d)
      for (let isolate = 0; isolate < isolates; isolate++) {
        const atMs = turnMs + isolate * 173;
        if (atMs > nowMs && atMs <= untilMs) nodes.sync(isolate, atMs);
      }
  };
  for (const { gapMs, isolate, requests } of each) {
    talk(nowMs + gapMs);
    nowMs += gapMs;
    for (let request = 0; request < requests; request++) if (nodes.take(isolate, nowMs)) passed.push(nowMs);
  }
  return { nodes, passed, nowMs };
}

/** The level of one bucket that gets all of these requests at their own times. */
function levelOf(times: readonly number[], nowMs: number): number {
  let level = 0;
  let atMs = 0;
  for (const timeMs of times) {
    level = Math.max(0, level - perMs * (timeMs - atMs)) + 1;
    atMs = timeMs;
  }
  return Math.max(0, level - perMs * (nowMs - atMs));
}

describe("isolates that share a rate", () => {
  it("decide, one alone, as if there were no control", () => {
    fc.assert(
      fc.property(events(1), fc.integer({ min: 1, max: 10 }), (each, burst) => {
        const { route } = cluster(1, config(burst));
        const alone = openRateLimits([route]);
        const times: number[] = [];
        let nowMs = 0;
        for (const { gapMs, requests } of each) {
          nowMs += gapMs;
          for (let request = 0; request < requests; request++)
            if (alone.take(route, "k", nowMs)?.allowed === true) times.push(nowMs);
        }
        expect(run(1, burst, each).passed).toEqual(times);
      }),
    );
  });

  it("let through no more in any time than the rate, their bursts, and what they can while word goes round", () => {
    const arbitrary = fc
      .integer({ min: 2, max: 4 })
      .chain((isolates) => fc.tuple(fc.constant(isolates), fc.integer({ min: 1, max: 10 }), events(isolates)));
    fc.assert(
      fc.property(arbitrary, ([isolates, burst, each]) => {
        const { passed } = run(isolates, burst, each);
        const beyond = isolates * burst + (isolates - 1) * perMs * 2 * d;
        let least = Infinity;
        for (const [count, timeMs] of passed.entries()) {
          least = Math.min(least, count - perMs * timeMs);
          expect(count + 1 - perMs * timeMs - least).toBeLessThanOrEqual(beyond + 1e-6);
        }
      }),
    );
  });

  it("are told of at least as much as a bucket for all of them would hold", () => {
    fc.assert(
      fc.property(events(3), fc.integer({ min: 1, max: 10 }), (each, burst) => {
        const { nodes, passed, nowMs } = run(3, burst, each);
        for (let isolate = 0; isolate < 3; isolate++) nodes.sync(isolate, nowMs);
        expect(nodes.level(nowMs)).toBeGreaterThanOrEqual(levelOf(passed, nowMs) - 1e-6);
      }),
    );
  });

  it("refuse a client within one exchange each, whichever he comes to, after he was refused at one", () => {
    const nodes = cluster(3, config(4));
    for (let request = 0; request < 4; request++) expect(nodes.take(0, 0)).toBe(true);
    for (const isolate of [0, 1, 2]) nodes.sync(isolate, 10);
    expect([0, 1, 2].map((isolate) => nodes.take(isolate, 20))).toEqual([false, false, false]);
  });

  it("count what came while control was asked on top of what it says", () => {
    const route = routeWith(config(4));
    const [one, other] = [openRateLimits([route]), openRateLimits([route])];
    const shared = new SharedRates([route]);
    for (let request = 0; request < 2; request++) one.take(route, "k", 0);
    shared.sync(one.report(0), 0);
    other.take(route, "k", 0);
    const answer = shared.sync(other.report(0), 0);
    other.take(route, "k", 0);
    other.adopt(answer, 0);
    expect(other.take(route, "k", 0)?.allowed).toBe(false);
  });

  it("take a burst after a pause for a burst, though the pause began with a request", () => {
    const nodes = cluster(2, config(4));
    nodes.take(0, 0);
    for (let request = 0; request < 4; request++) expect(nodes.take(0, 990)).toBe(true);
    nodes.sync(0, 1000);
    expect(nodes.level(1000)).toBeCloseTo(4 - 10 * perMs);
  });

  it("keep to the rate together in the long run", () => {
    const nodes = cluster(3, config(4));
    let passed = 0;
    for (let nowMs = 0; nowMs < 600_000; nowMs += 50) {
      const isolate = (nowMs / 50) % 3;
      if (nodes.take(isolate, nowMs)) passed++;
      if (nowMs % d === 0) for (const each of [0, 1, 2]) nodes.sync(each, nowMs);
    }
    expect(passed).toBeGreaterThanOrEqual(600 * 2);
    expect(passed).toBeLessThanOrEqual(600 * 2 + 3 * 4 + 2 * 2 * 2);
  });

  it("tell of the busiest clients first, and of the others later", () => {
    const route = routeWith({ requests: 10 });
    const rates = openRateLimits([route]);
    for (let index = 0; index <= limits.rateLimitReported; index++) rates.take(route, `k${index}`, 0);
    rates.take(route, `k${limits.rateLimitReported}`, 0);
    const [first = [], then = []] = [rates.report(0), rates.report(0)].map((usage) => usage[rateName(route)]);
    expect(first).toHaveLength(limits.rateLimitReported);
    expect(first[0]).toEqual([`k${limits.rateLimitReported}`, 2, 2, 0]);
    expect(then.map(([key, used]) => [key, used])).toEqual([[`k${limits.rateLimitReported - 1}`, 1]]);
    expect(rates.report(0)).toEqual({});
  });
});

describe("control", () => {
  it("tells of so many clients without being asked, those who came last", () => {
    const route = routeWith({ requests: 1 });
    const shared = new SharedRates([route]);
    const name = rateName(route);
    for (let index = 0; index <= limits.rateLimitTold; index++) shared.sync({ [name]: [[`k${index}`, 1, 1, 0]] }, 0);
    const keys = shared.sync({}, 0)[name]?.map(([key]) => key);
    expect(keys).toHaveLength(limits.rateLimitTold);
    expect(keys).not.toContain("k0");
    expect(shared.sync({}, 60_000)).toEqual({});
  });

  it("ignores routes that it does not know", () => {
    const shared = new SharedRates([routeWith({})]);
    expect(shared.sync({ other: [["k", 1, 1, 0]] }, 0)).toEqual({});
  });

  it("lets an isolate go on with what it knows when it has forgotten all", () => {
    const route = routeWith({ requests: 1 });
    const rates = openRateLimits([route]);
    expect(rates.take(route, "k", 0)?.allowed).toBe(true);
    rates.report(0);
    rates.adopt({ [rateName(route)]: [["k", 0]] }, 0);
    expect(rates.take(route, "k", 0)?.allowed).toBe(false);
  });
});
