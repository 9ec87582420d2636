import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  displayOf,
  type HealthEvent,
  type HealthRules,
  type HealthState,
  intervalMs,
  type OnError,
  startHealth,
  stepHealth,
  topOf,
} from "../../../shared/balance/health.ts";
import type { HealthConfig } from "../../../shared/config/pool.ts";

const haproxy = { rise: 2, fall: 3 };
const pass: HealthEvent = { type: "passed" };
const fail: HealthEvent = { type: "failed" };
const stop: HealthEvent = { type: "stopping" };
const observe = (onError: OnError): HealthEvent => ({ type: "observed", onError });

const run = (state: HealthState, rules: HealthRules, ...events: HealthEvent[]): HealthState =>
  events.reduce((now, event) => stepHealth(now, event, rules), state);

/** The displays after each event, the one before the first included. */
function displays(state: HealthState, ...events: HealthEvent[]): string[] {
  const states = events.reduce((all, event) => [...all, stepHealth(all.at(-1) ?? state, event, haproxy)], [state]);
  return states.map((each) => displayOf("ready", each, haproxy));
}

const up: HealthState = { counter: 4, health: "up" };
const down: HealthState = { counter: 0, health: "down" };

describe("with rise 2 and fall 3, HAProxy's defaults", () => {
  test("a server that fails and comes back is UP, UP 2/3, UP 1/3, DOWN, DOWN 1/2, UP", () => {
    expect(displays(up, fail, fail, fail, pass, pass)).toEqual(["UP", "UP 2/3", "UP 1/3", "DOWN", "DOWN 1/2", "UP"]);
  });

  test("it starts one failure from down, and one pass from well", () => {
    const start = startHealth("up", haproxy);
    expect(displays(start, fail)).toEqual(["UP 1/3", "DOWN"]);
    expect(displays(start, pass)).toEqual(["UP 1/3", "UP"]);
  });

  test("what was down starts down and needs all its passes", () => {
    expect(displays(startHealth("down", haproxy), pass, fail, pass, pass)).toEqual([
      "DOWN",
      "DOWN 1/2",
      "DOWN",
      "DOWN 1/2",
      "UP",
    ]);
  });

  test("one pass between failures makes it well again", () => {
    expect(displays(up, fail, fail, pass)).toEqual(["UP", "UP 2/3", "UP 1/3", "UP"]);
  });

  test("a 404 with disableOn404 is NOLB, which counts down and comes back as UP does", () => {
    expect(displays(up, stop, fail, stop, pass)).toEqual(["UP", "NOLB", "NOLB 2/3", "NOLB", "UP"]);
    expect(displays(up, stop, fail, fail, fail)).toEqual(["UP", "NOLB", "NOLB 2/3", "NOLB 1/3", "DOWN"]);
  });

  test("a 404 is a failure to one that is down: it was never up to stop", () => {
    expect(displays(down, pass, stop)).toEqual(["DOWN", "DOWN 1/2", "DOWN"]);
  });
});

describe("what the front observes", () => {
  test("fail-check counts as one failure", () => {
    expect(displays(up, observe("fail-check"))).toEqual(["UP", "UP 2/3"]);
  });

  test("sudden-death leaves one failure", () => {
    expect(displays(up, observe("sudden-death"), fail)).toEqual(["UP", "UP 1/3", "DOWN"]);
    expect(displays({ counter: 3, health: "up" }, observe("sudden-death"))).toEqual(["UP 2/3", "UP 1/3"]);
    expect(displays({ counter: 2, health: "up" }, observe("sudden-death"))).toEqual(["UP 1/3", "DOWN"]);
  });

  test("mark-down takes it out at once", () => {
    expect(displays(up, observe("mark-down"))).toEqual(["UP", "DOWN"]);
  });

  test("fastinter changes nothing but the time of the next check", () => {
    expect(displays(up, observe("fastinter"))).toEqual(["UP", "UP"]);
  });
});

const rules = fc.record({ rise: fc.integer({ min: 1, max: 8 }), fall: fc.integer({ min: 1, max: 8 }) });
const event = fc.constantFrom(
  pass,
  fail,
  stop,
  ...(["fail-check", "sudden-death", "mark-down", "fastinter"] as const).map(observe),
);
const anyHistory = fc.tuple(rules, fc.constantFrom("up", "down", "stopping"), fc.array(event, { maxLength: 40 }));

describe("after any history, for any rise and fall", () => {
  test("the counter is within its ends, and a server is down exactly below rise", () => {
    fc.assert(
      fc.property(anyHistory, ([each, first, events]) => {
        const { counter, health } = run(startHealth(first, each), each, ...events);
        expect(counter).toBeGreaterThanOrEqual(0);
        expect(counter).toBeLessThanOrEqual(topOf(each));
        expect(health === "down").toBe(counter < each.rise);
      }),
    );
  });

  test("rise passes in a row make it well, and fall failures in a row take it down, from wherever it stands", () => {
    fc.assert(
      fc.property(anyHistory, ([each, first, events]) => {
        const state = run(startHealth(first, each), each, ...events);
        const well = run(state, each, ...Array<HealthEvent>(each.rise).fill(pass));
        expect(well).toEqual({ counter: topOf(each), health: "up" });
        expect(run(state, each, ...Array<HealthEvent>(each.fall).fill(fail))).toEqual(down);
        expect(run(well, each, ...Array<HealthEvent>(each.fall - 1).fill(fail)).health).toBe("up");
        expect(run(down, each, ...Array<HealthEvent>(each.rise - 1).fill(pass)).health).toBe("down");
      }),
    );
  });

  test("mark-down takes it down, and after sudden-death the next failure does", () => {
    fc.assert(
      fc.property(anyHistory, ([each, first, events]) => {
        const state = run(startHealth(first, each), each, ...events);
        expect(run(state, each, observe("mark-down"))).toEqual(down);
        expect(run(state, each, observe("sudden-death"), fail)).toEqual(down);
        if (state.counter > each.rise) expect(run(state, each, observe("sudden-death")).health).toBe(state.health);
      }),
    );
  });
});

const config = { ...haproxy, interMs: 2000, fastinterMs: 1000, downinterMs: 5000 } as HealthConfig;

test.each<[string, HealthState, number]>([
  ["inter while it is well", up, 2000],
  ["inter while it is well and stops", { counter: 4, health: "stopping" }, 2000],
  ["fastinter on the way down", { counter: 3, health: "up" }, 1000],
  ["fastinter at the start", startHealth("up", haproxy), 1000],
  ["fastinter on the way up", { counter: 1, health: "down" }, 1000],
  ["downinter while it is down", down, 5000],
])("the next check comes after %s", (_, state, expected) => {
  expect(intervalMs(state, config)).toBe(expected);
});

test.each([
  ["maint", up, haproxy, "MAINT"],
  ["maint", down, null, "MAINT"],
  ["drain", up, haproxy, "DRAIN"],
  ["drain", { counter: 3, health: "up" }, haproxy, "DRAIN 2/3"],
  ["drain", { counter: 4, health: "stopping" }, haproxy, "NOLB"],
  ["drain", down, haproxy, "DOWN"],
  ["drain", { counter: 1, health: "down" }, haproxy, "DOWN 1/2"],
  ["ready", up, null, "no check"],
  ["drain", up, null, "DRAIN"],
] as const)("a server in %s with %o and %o is displayed as HAProxy does: %s", (admin, state, each, expected) => {
  expect(displayOf(admin, state, each)).toBe(expected);
});
