import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  addAnswers,
  eject,
  forgive,
  isOutlier,
  type Latency,
  maySpare,
  noEjection,
  noLatency,
  rests,
} from "../../../shared/balance/outlier.ts";
import { limits } from "../../../shared/kernel/limits.ts";

const config = { factor: 5, leastMs: 100, answers: 20, restMs: 30_000 };
const nowMs = 1_000_000;
const mean = (ms: number, atMs = nowMs): Latency => ({ ...noLatency, mean: { ms, atMs } });

describe("a window", () => {
  test("is full with so many answers, over as many reports as it takes", () => {
    const one = addAnswers(noLatency, { answers: 12, answerMs: 240 }, config, nowMs);
    expect(one.full).toBe(false);
    const two = addAnswers(one.latency, { answers: 8, answerMs: 360 }, config, nowMs + 1000);
    expect(two).toEqual({ full: true, latency: mean(30, nowMs + 1000) });
  });

  test("begins anew when it fills too slowly", () => {
    const one = addAnswers(noLatency, { answers: 19, answerMs: 9000 }, config, nowMs);
    const late = nowMs + limits.latencyWindowMs + 1;
    const two = addAnswers(one.latency, { answers: 19, answerMs: 19 }, config, late);
    expect(two).toMatchObject({ full: false, latency: { answers: 19, answerMs: 19, sinceMs: late } });
    expect(addAnswers(one.latency, { answers: 1, answerMs: 0 }, config, late - 1).full).toBe(true);
  });

  test("does not move by a report without answers", () => {
    expect(addAnswers(noLatency, { answers: 0, answerMs: 0 }, config, nowMs)).toEqual({
      latency: noLatency,
      full: false,
    });
  });
});

describe("a server is too slow", () => {
  test.each([
    ["five times as slow as the other one", 501, [100], true],
    ["but not four times", 500, [100], false],
    ["next to the middle of the others, not the fastest", 501, [1, 100, 300], true],
    ["not when the middle is slow as well", 400, [1, 100, 300], false],
    ["not when most of the others are as slow", 500, [10, 480, 520], false],
    ["by the mean of the two in the middle", 501, [1, 50, 150, 900], true],
    ["not by so little that nobody minds", 90, [1, 2], false],
    ["from leastMs on", 101, [1, 1], true],
    ["not without another one to compare it with", 9000, [], false],
  ])("%s", (_, ms, others, expected) => {
    expect(
      isOutlier(
        mean(ms),
        others.map((each) => mean(each)),
        config,
        nowMs,
      ),
    ).toBe(expected);
  });

  test("not next to what was long ago", () => {
    const others = [mean(1, nowMs - limits.latencyWindowMs - 1)];
    expect(isOutlier(mean(900), others, config, nowMs)).toBe(false);
  });
});

test("one rests only where another one is left, and the pool does not panic by it", () => {
  expect([maySpare(1, 1, 0), maySpare(1, 3, 0), maySpare(2, 2, 0)]).toEqual([false, false, true]);
  expect([maySpare(3, 3, 50), maySpare(2, 3, 50), maySpare(2, 2, 50), maySpare(2, 2, 51)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  fc.assert(
    fc.property(fc.nat(50), fc.nat(50), fc.nat(100), (fit, more, panic) => {
      if (maySpare(fit, fit + more, panic)) {
        expect(fit - 1).toBeGreaterThanOrEqual(1);
        expect(((fit - 1) / (fit + more)) * 100).toBeGreaterThanOrEqual(panic);
      }
    }),
  );
});

test("each rest in a row is longer, up to an hour, and a good window makes the next one shorter", () => {
  const first = eject(noEjection, config, nowMs);
  const second = eject(first, config, nowMs);
  expect([first.untilMs, second.untilMs]).toEqual([nowMs + 30_000, nowMs + 60_000]);
  expect(eject(forgive(second), config, nowMs).untilMs).toBe(nowMs + 60_000);
  expect(eject({ times: 1000, untilMs: null }, config, nowMs).untilMs).toBe(nowMs + limits.ejectionMs);
  expect(forgive(noEjection).times).toBe(0);
  expect([rests(first, nowMs + 29_999), rests(first, nowMs + 30_000), rests(noEjection, nowMs)]).toEqual([
    true,
    false,
    false,
  ]);
});
