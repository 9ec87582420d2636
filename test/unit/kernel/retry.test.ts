import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { backoffMs } from "../../../shared/kernel/retry.ts";

const backoff = { baseMs: 100, capMs: 1_000 };
const longest = (attempt: number) => backoffMs(attempt, backoff, () => 1 - Number.EPSILON);

describe("the retry schedule", () => {
  test("doubles the longest wait with each failure, up to the cap", () => {
    expect([1, 2, 3, 4, 5, 6].map(longest)).toEqual([99, 199, 399, 799, 999, 999]);
  });

  test("keeps to the cap after more failures than a double can count in powers of two", () => {
    expect(longest(5_000)).toBe(999);
  });

  test("draws evenly from no wait at all up to the longest (full jitter)", () => {
    expect([0, 0.25, 0.5, 0.75].map((random) => backoffMs(3, backoff, () => random))).toEqual([0, 100, 200, 300]);
  });

  test("gives whole milliseconds in its bounds, whatever it is asked", () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), random, (attempt, drawn) => {
        const waitMs = backoffMs(attempt, backoff, () => drawn);
        expect(Number.isInteger(waitMs) && waitMs >= 0 && waitMs < backoff.capMs).toBe(true);
      }),
    );
  });
});
