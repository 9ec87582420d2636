import { describe, expect, it } from "vitest";
import { median, ratioOf } from "../../../bench/support/statistics.ts";

describe("the statistics of the benchmarks", () => {
  it("take the middle of an odd count, and half of the two in the middle of an even one", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 2, 9])).toBe(3);
    expect(median([])).toBeNaN();
  });

  it("divide what was measured in the same round, so that a slow round of both changes nothing", () => {
    expect(ratioOf([90, 45, 80], [100, 50, 80])).toEqual({ median: 0.9, least: 0.9, most: 1 });
  });
});
