import { expect, test } from "vitest";

import { limits } from "../../shared/kernel/limits.ts";
import { PositionWaiters } from "../../workers/database/position-waiters.ts";

/** Longer than any test takes: a wait that ends before was ended by something else. */
const forever = 600_000;

test("a reader goes on as soon as the position is reached, and not by the wake of an earlier one", async () => {
  const waiters = new PositionWaiters();
  let position = 0;
  const ended: number[] = [];
  const reader = waiters.until(() => position >= 2, forever).then((reached) => ended.push(position) && reached);
  position = 1;
  waiters.wake();
  await Promise.resolve();
  expect(ended).toEqual([]);
  position = 2;
  waiters.wake();
  expect(await reader).toBe(true);
  expect(ended).toEqual([2]);
});

test("a reader whose position does not come in time is told so; without time, at once", async () => {
  const waiters = new PositionWaiters();
  expect(await waiters.until(() => false, 5)).toBe(false);
  expect(await waiters.until(() => false, 0)).toBe(false);
  expect(await waiters.until(() => true, 0)).toBe(true);
});

test("at most limits.replicaWaiters wait: the next reader is sent away at once, and one that ends makes room", async () => {
  const waiters = new PositionWaiters();
  let reached = false;
  const waiting = Array.from({ length: limits.replicaWaiters }, () => waiters.until(() => reached, forever));
  expect(await waiters.until(() => reached, forever)).toBe(false);
  reached = true;
  waiters.wake();
  expect(await Promise.all(waiting)).toEqual(Array.from({ length: limits.replicaWaiters }, () => true));
  reached = false;
  expect(await waiters.until(() => reached, 5)).toBe(false);
});
