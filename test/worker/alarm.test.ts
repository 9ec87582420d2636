import { expect, test } from "vitest";

import { Alarm } from "../../workers/database/alarm.ts";

/** An alarm on a store that remembers what was set. */
function alarmOf(stored: number | null = null) {
  const set: number[] = [];
  return { set, alarm: new Alarm({ get: () => Promise.resolve(stored), set: (atMs) => void set.push(atMs) }) };
}

test("goes off at the earliest time that was asked for, and costs nothing where it is early enough", () => {
  const { set, alarm } = alarmOf();
  for (const atMs of [500, 500, 900, 300, 400]) alarm.wakeAt(atMs);
  expect(set).toEqual([500, 300]);
});

test("has to be asked for again when it went off", () => {
  const { set, alarm } = alarmOf();
  alarm.wakeAt(500);
  alarm.wentOff();
  alarm.wakeAt(900);
  expect(set).toEqual([500, 900]);
});

test("knows what was set before a reset", async () => {
  const { set, alarm } = alarmOf(500);
  await alarm.open();
  alarm.wakeAt(900);
  alarm.wakeAt(500);
  expect(set).toEqual([]);
  alarm.wakeAt(499);
  expect(set).toEqual([499]);
});
