import { expect, it } from "vitest";
import { Rate } from "../../../shared/telemetry/rate.ts";

it("gives the larger of the last whole second and the one that is running", () => {
  const rate = new Rate();
  for (const nowMs of [1000, 1500, 1999]) rate.add(nowMs, 1);
  expect(rate.read(1999)).toBe(3);
  rate.add(2000, 1);
  expect(rate.read(2999)).toBe(3);
  rate.add(2999, 9);
  expect(rate.read(2999)).toBe(10);
});

it("forgets after a second in which nothing happened", () => {
  const rate = new Rate();
  rate.add(1000, 5);
  expect(rate.read(2999)).toBe(5);
  expect(rate.read(3000)).toBe(0);
});

it("takes a clock that is set back for one that stands still", () => {
  const rate = new Rate();
  rate.add(5000, 1);
  rate.add(1000, 1);
  expect(rate.read(5000)).toBe(2);
});
