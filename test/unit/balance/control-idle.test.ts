import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { CheckAnswer } from "../../../shared/balance/check.ts";
import { checkTimeMs } from "../../../shared/balance/checks.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import { ControlSim, poolsOf } from "../../support/control-sim.ts";

const server = (name: string) => ({ name, url: "http://127.0.0.1:1" });
const three = ["a", "b", "c"].map(server);
const refused: CheckAnswer = { type: "failed", error: "refused", durationMs: 1 };
const hung: CheckAnswer = { type: "late", durationMs: limits.probeMs };

/** Control whose servers have all been found well. */
function awake(): ControlSim {
  const sim = new ControlSim(poolsOf({ web: { servers: three } }));
  sim.report();
  sim.run(100);
  return sim;
}

/** When a server was checked, in milliseconds since `sinceMs`. */
const times = (sim: ControlSim, key: string, sinceMs: number) =>
  sim.checks.filter((check) => check.server === key && check.atMs >= sinceMs).map(({ atMs }) => atMs - sinceMs);

test("a clock that was ahead for a while and is set back does not end the checks", () => {
  const sim = awake();
  sim.nowMs += 86_400_000;
  sim.report();
  sim.run(5000);
  sim.nowMs -= 86_400_000;
  sim.report();
  const backMs = sim.nowMs;
  sim.run(5000);
  expect(times(sim, "web/a", backMs).filter((ms) => ms <= 5000).length).toBeGreaterThan(1);
});

describe("without traffic", () => {
  const ceiling =
    limits.checkActiveMs / limits.checkTickMs +
    Math.floor(Math.log2((limits.checkIdleMs - limits.checkActiveMs) / 1000)) +
    1;

  test("checks slow down and end: 40 alarms in the hour after the last report, as configured by default, then none", () => {
    const sim = awake();
    sim.report();
    const before = { alarms: sim.alarms.length, rows: sim.rowsWritten };
    const startMs = sim.nowMs;
    sim.run(3_600_000);
    expect(sim.alarms.length - before.alarms).toBeLessThanOrEqual(40);
    expect(sim.rowsWritten - before.rows).toBeLessThanOrEqual(40);
    const late = sim.alarms.filter((atMs) => atMs > startMs + limits.checkActiveMs);
    const pauses = late.map((atMs, index) => atMs - (late[index - 1] ?? atMs)).slice(1);
    expect(pauses).toEqual(pauses.map((_, index) => 2000 * 2 ** index));
    const ended = sim.alarms.length;
    sim.run(24 * 3_600_000);
    expect(sim.alarms.length).toBe(ended);
    expect(Math.max(...sim.alarms)).toBeLessThanOrEqual(startMs + limits.checkIdleMs);
  });

  test(`whatever is configured, ${ceiling} alarms at most in all, and twice as many rows beside the changes`, () => {
    const health = fc.record({
      interMs: fc.integer({ min: 100, max: 7000 }),
      fastinterMs: fc.integer({ min: 100, max: 7000 }),
      downinterMs: fc.integer({ min: 100, max: 7000 }),
      rise: fc.integer({ min: 1, max: 4 }),
      fall: fc.integer({ min: 1, max: 4 }),
    });
    const answer = fc.constantFrom<CheckAnswer>(
      refused,
      hung,
      { type: "answered", status: 200, body: null, durationMs: 7 },
      { type: "answered", status: 500, body: null, durationMs: 150 },
    );
    fc.assert(
      fc.property(
        fc.array(health, { minLength: 1, maxLength: 4 }),
        fc.array(answer, { minLength: 12, maxLength: 12 }),
        (each, answers) => {
          const sim = new ControlSim(
            poolsOf(Object.fromEntries(each.map((checks, at) => [`p${at}`, { servers: three, health: checks }]))),
          );
          [...sim.stored.keys()].forEach((key, at) => sim.answers.set(key, answers[at] ?? refused));
          const rows = sim.rowsWritten;
          sim.report();
          sim.run(3 * 3_600_000);
          expect(sim.alarms.length).toBeLessThanOrEqual(ceiling);
          // Nobody comes back here, so each server changes once at most: its row and that of the generation.
          expect(sim.rowsWritten - rows).toBeLessThanOrEqual(2 * ceiling + 2 * sim.stored.size);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("the next report wakes the checks at once: who was up is one failure from down, who was down stays so", () => {
    const sim = awake();
    sim.answers.set("web/c", refused);
    sim.run(10_000, 1000);
    sim.run(3_600_000);
    sim.answers.set("web/a", refused);
    sim.answers.delete("web/c");
    const sinceMs = sim.nowMs;
    sim.report();
    expect(times(sim, "web/a", sinceMs)).toEqual([0]);
    expect(sim.displays).toEqual({ "web/a": "UP 1/3", "web/b": "UP 1/3", "web/c": "DOWN" });
    sim.run(10);
    expect(sim.displays).toEqual({ "web/a": "DOWN", "web/b": "UP", "web/c": "DOWN 1/2" });
    sim.run(2000, 1000);
    expect(sim.displays).toMatchObject({ "web/c": "UP" });
  });

  test("at once, whatever the clock shows", () => {
    const sim = awake();
    sim.run(3_600_000 + 51);
    sim.nowMs += 7;
    const sinceMs = sim.nowMs;
    sim.report();
    expect(times(sim, "web/a", sinceMs)).toEqual([0]);
  });

  test("an operator who looks wakes them, too", () => {
    const sim = awake();
    sim.run(3_600_000);
    const checks = sim.checks.length;
    sim.step({ type: "looked", nowMs: sim.nowMs });
    expect(sim.checks.length - checks).toBe(3);
  });
});

test("a check takes place to the tenth of a second while there is traffic, then at 1, 2, 4 ... s, then not at all", () => {
  const quietMs = limits.checkActiveMs;
  expect([checkTimeMs(1099, 0), checkTimeMs(1100, 0)]).toEqual([1000, 1100]);
  expect(checkTimeMs(quietMs, 0)).toBe(quietMs);
  expect([100, 1000, 1001, 5000, 200_000].map((ms) => checkTimeMs(quietMs + ms, 0))).toEqual(
    [1000, 1000, 2000, 8000, 256_000].map((ms) => quietMs + ms),
  );
  expect([checkTimeMs(limits.checkIdleMs, 0), checkTimeMs(0, -Infinity)]).toEqual([null, null]);
});
