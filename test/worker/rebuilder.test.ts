import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { limits } from "../../shared/kernel/limits.ts";
import type { SnapshotReply } from "../../shared/replication/snapshot-source.ts";
import { Rebuilder } from "../../workers/database/rebuilder.ts";
import { Filling } from "../support/filling.ts";
import { Pair } from "../support/pair.ts";

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const schema = ["CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1), (2), (3), (4), (5)"];

/** A rebuilder of a replica, whose calls `faulty` may spoil, with the times at which it wants to be woken. */
function rebuilderOf(faulty: (call: number) => Promise<SnapshotReply> | undefined = () => undefined) {
  const filling = new Filling(new Pair(...schema));
  const wakes: number[] = [];
  const calls = { pulls: 0, announcements: 0 };
  const open = () =>
    new Rebuilder(
      {
        now: () => Date.now(),
        wakeAt: (atMs) => void wakes.push(atMs),
        pull: (request) => faulty((calls.pulls += 1)) ?? Promise.resolve(filling.answer(request)),
        announce: () => Promise.resolve(void (calls.announcements += 1)),
      },
      filling.pair.replica.snapshot,
    );
  return { filling, wakes, calls, open };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

test("pulls page after page and tells the primary when it has them all, with an alarm set behind it all the while", async () => {
  const { filling, wakes, calls, open } = rebuilderOf();
  const rebuilder = open();
  expect(wakes).toEqual([]);
  rebuilder.begin();
  expect(wakes).toEqual([Date.now()]);
  rebuilder.woke();
  expect(wakes.at(-1)).toBeGreaterThan(Date.now() + limits.shipMs);
  await settle();
  expect(filling.pair.replica.standing).toMatchObject({ state: "verifying", announced: true });
  expect(calls).toEqual({ pulls: 4, announcements: 1 });
  const asked = wakes.length;
  rebuilder.woke();
  await settle();
  expect([wakes.length, calls.announcements, vi.getTimerCount()]).toEqual([asked, 1, 0]);
});

test("goes on by itself after a reset", async () => {
  const { filling, wakes, calls, open } = rebuilderOf((call) =>
    call === 2 ? new Promise(() => undefined) : undefined,
  );
  open().begin();
  const first = open();
  first.woke();
  await settle();
  expect(calls.pulls).toBe(2);
  wakes.splice(0);
  const second = open();
  expect(wakes).toEqual([Date.now()]);
  second.woke();
  await settle();
  expect(filling.pair.replica.standing).toMatchObject({ state: "verifying", announced: true });
});

test("has one call under way at most, however often it is woken", async () => {
  const { calls, open } = rebuilderOf(() => new Promise(() => undefined));
  const rebuilder = open();
  rebuilder.begin();
  for (let turn = 0; turn < 3; turn += 1) rebuilder.woke();
  await settle();
  expect(calls.pulls).toBe(1);
});

describe("a call that fails is made again later", () => {
  test.each<[string, number, () => Promise<SnapshotReply>]>([
    ["when the primary is not there", 0, () => Promise.reject(new Error("down"))],
    ["when the page is damaged", 0, () => Promise.resolve({ ok: true, page: new Uint8Array(99) })],
    ["when it hangs", limits.shipMs, () => new Promise(() => undefined)],
  ])("%s", async (_, failsAfterMs, fault) => {
    const { filling, wakes, calls, open } = rebuilderOf((call) => (call <= 2 ? fault() : undefined));
    const rebuilder = open();
    rebuilder.begin();
    for (const turn of [1, 2]) {
      vi.setSystemTime(wakes.at(-1) ?? 0);
      rebuilder.woke();
      await vi.advanceTimersByTimeAsync(failsAfterMs);
      expect(calls.pulls).toBe(turn);
      expect(wakes.at(-1)).toBeGreaterThan(Date.now());
      expect(wakes.at(-1)).toBeLessThanOrEqual(Date.now() + 200);
    }
    vi.setSystemTime(wakes.at(-1) ?? 0);
    rebuilder.woke();
    await settle();
    expect(filling.pair.replica.standing).toMatchObject({ state: "verifying", announced: true });
  });
});

test(`waits ${limits.snapshotWaitMs} ms between tries when the schema has changed too often under the snapshot`, async () => {
  const outdated = { ok: false, code: "snapshot-outdated", message: "" } as const;
  const { wakes, calls, open } = rebuilderOf((call) => (call % 2 === 0 ? Promise.resolve(outdated) : undefined));
  const rebuilder = open();
  rebuilder.begin();
  rebuilder.woke();
  await settle();
  expect(calls.pulls).toBe(limits.snapshotTries * 2);
  expect(wakes.at(-1)).toBe(Date.now() + limits.snapshotWaitMs);
  await vi.advanceTimersByTimeAsync(limits.snapshotWaitMs - 1);
  rebuilder.woke();
  await settle();
  expect([calls.pulls, wakes.at(-1)]).toEqual([limits.snapshotTries * 2, Date.now() + 1]);
  vi.setSystemTime(Date.now() + 1);
  rebuilder.woke();
  await settle();
  expect(calls.pulls).toBe(limits.snapshotTries * 2 + 2);
});
