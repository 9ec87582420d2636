import { expect, it } from "vitest";
import { isDue, isReady, unknown } from "../../../shared/balance/readiness.ts";

it("is looked into at most once a second, and always until something is known", () => {
  expect(isDue(unknown, 0)).toBe(true);
  expect(isDue({ askedAtMs: 5000, ready: null }, 5001)).toBe(true);
  for (const ready of [true, false]) {
    expect(isDue({ askedAtMs: 5000, ready }, 5999)).toBe(false);
    expect(isDue({ askedAtMs: 5000, ready }, 6000)).toBe(true);
  }
});

it("needs one server of each pool", () => {
  expect(isReady([[false, true, false]])).toBe(true);
  expect(isReady([[true], [false, false]])).toBe(false);
  expect(isReady([[false, false, false]])).toBe(false);
});
