import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { limits } from "../../shared/kernel/limits.ts";
import { Checker } from "../../workers/database/checker.ts";
import { Filling } from "../support/filling.ts";
import { Pair } from "../support/pair.ts";

const wait = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));
beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const schema = ["CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1), (2), (3), (4), (5)"];

function checkerOf() {
  const filling = new Filling(new Pair(...schema));
  const wakes: number[] = [];
  let appended = 0;
  const host = { now: () => Date.now(), wait, wakeAt: (atMs: number) => void wakes.push(atMs) };
  const open = () => new Checker(host, filling.rounds, () => (appended += 1));
  return { filling, wakes, open, appended: () => appended };
}

test(`a round that was asked for goes on slice by slice, ${limits.checkPauseMs} ms apart, with an alarm set behind it`, async () => {
  const { wakes, open, appended } = checkerOf();
  const checker = open();
  expect(wakes).toEqual([]);
  expect(checker.ask()).toMatchObject({ running: true, rounds: 0 });
  expect(wakes).toEqual([Date.now()]);
  checker.woke();
  checker.woke();
  expect(wakes.at(-1)).toBeGreaterThan(Date.now() + 1_000);
  await vi.advanceTimersByTimeAsync(limits.checkPauseMs - 1);
  expect(appended()).toBe(0);
  for (const slices of [1, 2]) {
    await vi.advanceTimersByTimeAsync(slices === 1 ? 1 : limits.checkPauseMs);
    expect(appended()).toBe(slices);
  }
  await vi.advanceTimersByTimeAsync(limits.checkPauseMs * 10);
  expect(checker.report()).toMatchObject({ running: false, rounds: 1, round: null, done: { slices: appended() } });
  const asked = wakes.length;
  checker.woke();
  expect([wakes.length, vi.getTimerCount()]).toEqual([asked, 0]);
});

test("it goes on by itself after a reset", async () => {
  const { wakes, open, filling } = checkerOf();
  open().ask();
  wakes.splice(0);
  filling.restart();
  const again = open();
  expect(wakes).toEqual([Date.now()]);
  again.woke();
  await vi.advanceTimersByTimeAsync(limits.checkPauseMs * 10);
  expect(again.report()).toMatchObject({ running: false, rounds: 1 });
});

test("a commit has one slice checked when one is due, and none otherwise: the object rests", async () => {
  const { filling, wakes, open, appended } = checkerOf();
  const checker = open();
  const commit = () => {
    filling.pair.rows("UPDATE t SET id = id");
    checker.committed(Date.now());
  };
  for (let n = 0; n < limits.checkRecords + 10; n += 1) commit();
  await vi.advanceTimersByTimeAsync(limits.checkPauseMs * 100);
  expect(appended()).toBe(1);
  commit();
  await vi.advanceTimersByTimeAsync(limits.checkMs);
  expect([appended(), wakes, vi.getTimerCount()]).toEqual([1, [], 0]);
  commit();
  await vi.advanceTimersByTimeAsync(limits.checkPauseMs);
  expect(appended()).toBe(2);
});

test("a slice that fails is logged, and does not stop what comes later", async () => {
  const log = vi.spyOn(console, "error").mockReturnValue();
  const { filling, open, appended } = checkerOf();
  const checker = open();
  checker.ask();
  filling.pair.primaryEngine.beforeCommit = () => {
    throw new Error("disk I/O error");
  };
  checker.woke();
  await vi.advanceTimersByTimeAsync(limits.checkPauseMs);
  expect([appended(), log.mock.calls.length]).toEqual([0, 1]);
  filling.pair.primaryEngine.beforeCommit = () => undefined;
  checker.woke();
  await vi.advanceTimersByTimeAsync(limits.checkPauseMs * 10);
  expect(checker.report()).toMatchObject({ running: false, rounds: 1 });
});
