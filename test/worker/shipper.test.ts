import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { emptyLogChecksum } from "../../shared/binlog/checksum.ts";
import { BinLog, type LogPosition } from "../../shared/binlog/log.ts";
import { sealRecord } from "../../shared/binlog/record.ts";
import { epoch, lsn, nodeId, type NodeId } from "../../shared/kernel/brand.ts";
import { errors } from "../../shared/kernel/error.ts";
import { limits } from "../../shared/kernel/limits.ts";
import type { Append } from "../../shared/replication/admit.ts";
import type { AppendReply } from "../../shared/replication/replica.ts";
import { shippingBackoff } from "../../shared/replication/shipping.ts";
import { SqliteEngine } from "../support/sqlite-engine.ts";
import { Alarm } from "../../workers/database/alarm.ts";
import { Shipper, type ShipperHost } from "../../workers/database/shipper.ts";

const term = epoch(1);
const [near, far] = [nodeId("db-2"), nodeId("db-3")];

/** A log of one record in each of `segments` segments, as it would be after that many times `limits.segmentRecords`. */
function logOf(segments: number, engine = new SqliteEngine()): BinLog {
  let previous = emptyLogChecksum;
  for (let at = 1; at <= segments; at += 1) {
    const header = { epoch: term, lsn: lsn(at), schemaVersion: 0, committedAtMs: 0, previous };
    const { bytes, checksum } = sealRecord(header, []);
    const table = `"_trefoil_log_${String(at).padStart(16, "0")}"`;
    engine.run(`CREATE TABLE ${table} (lsn INTEGER, part INTEGER, bytes, PRIMARY KEY (lsn, part)) WITHOUT ROWID`);
    engine.run(`INSERT INTO ${table} VALUES (?, 0, ?)`, at, bytes.slice().buffer);
    previous = checksum;
  }
  return new BinLog(engine);
}

/** A shipper whose replicas answer as `answer` says, and whose alarm goes off by itself; `wakes` has the times to which that was set. */
function ship(log: BinLog, answer: (replica: NodeId, append: Append) => Promise<AppendReply>) {
  const wakes: number[] = [];
  const calls: NodeId[] = [];
  const rebuilt: NodeId[] = [];
  const rejected: [NodeId, number][] = [];
  let timer: NodeJS.Timeout | undefined;
  const goOff = () => {
    alarm.wentOff();
    shipper.woke();
  };
  const set = (atMs: number) => {
    wakes.push(atMs);
    clearTimeout(timer);
    timer = setTimeout(goOff, atMs - Date.now());
  };
  const alarm = new Alarm({ get: () => Promise.resolve(null), set });
  const host: ShipperHost = {
    now: () => Date.now(),
    wakeAt: (atMs) => alarm.wakeAt(atMs),
    append(replica, append) {
      calls.push(replica);
      return answer(replica, append);
    },
    rebuild: (replica) => Promise.resolve(void rebuilt.push(replica)),
    reject: (replica, last) => Promise.resolve(void rejected.push([replica, last])),
  };
  const shipper = new Shipper(host, log, term, [near, far]);
  return { shipper, wakes, calls, rebuilt, rejected };
}

const stands = (position: LogPosition, at: number): Promise<AppendReply> =>
  Promise.resolve({ ok: true, position: { ...position, lsn: lsn(at) } });
const never = () => new Promise<never>(() => undefined);

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.9);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** The longest wait before a first failed call is made again. */
const retryMs = shippingBackoff.baseMs + 1;

test("a call that hangs is given up after limits.shipMs, and the alarm has it made again", async () => {
  const { shipper, calls } = ship(logOf(1), never);
  const state = () => shipper.status().map(({ failures, inFlight }) => [failures, inFlight]);
  shipper.committed();
  expect(calls).toEqual([near, far]);
  await vi.advanceTimersByTimeAsync(limits.shipMs - 1);
  expect([calls.length, state()]).toEqual([2, Array(2).fill([0, true])]);
  await vi.advanceTimersByTimeAsync(1);
  expect(state()).toEqual(Array(2).fill([1, false]));
  await vi.advanceTimersByTimeAsync(retryMs);
  expect(calls.toSorted()).toEqual([near, near, far, far]);
});

test("once both replicas have everything there is no call, and after the alarm has gone off no timer and no alarm", async () => {
  const log = logOf(3);
  const { shipper, wakes, calls } = ship(log, () => stands(log.position, 3));
  shipper.committed();
  await vi.advanceTimersByTimeAsync(0);
  expect(calls).toEqual([near, far]);
  shipper.committed();
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(limits.shipResumeMs);
  expect([calls.length, wakes.length, vi.getTimerCount()]).toEqual([2, 1, 0]);
});

describe("an alarm stands behind each call, should the object lose its memory", () => {
  test(`from the commit on, ${limits.shipResumeMs} ms after it, and again for as long as the call is under way`, async () => {
    const { shipper, wakes } = ship(logOf(1), never);
    const startMs = Date.now();
    shipper.committed();
    expect(wakes).toEqual([startMs + limits.shipResumeMs]);
    await vi.advanceTimersByTimeAsync(limits.shipResumeMs);
    expect(wakes).toEqual([1, 2].map((times) => startMs + times * limits.shipResumeMs));
  });

  test("set once for all commits of that time, not for each transaction", async () => {
    const log = logOf(1);
    const { shipper, wakes, calls } = ship(log, () => stands(log.position, log.position.lsn));
    const commit = async () => {
      const header = { epoch: term, lsn: lsn(log.position.lsn + 1), schemaVersion: 0, committedAtMs: 0 };
      log.append(sealRecord({ ...header, previous: log.position.checksum }, []));
      shipper.committed();
      await vi.advanceTimersByTimeAsync(limits.shipResumeMs / 1000);
    };
    for (let n = 0; n < 2500; n += 1) await commit();
    expect([calls.length, wakes.length]).toEqual([5000, 3]);
    await vi.advanceTimersByTimeAsync(limits.shipResumeMs);
    expect([wakes.length, vi.getTimerCount()]).toEqual([3, 0]);
  });
});

test("a replica that lacks a record which is damaged on the primary's disk is told to rebuild", async () => {
  const engine = new SqliteEngine();
  const log = logOf(3, engine);
  engine.run(`UPDATE "_trefoil_log_${String(2).padStart(16, "0")}" SET bytes = x'00'`);
  const { shipper, rebuilt } = ship(log, () => stands(log.position, 1));
  shipper.committed();
  await vi.advanceTimersByTimeAsync(0);
  expect(rebuilt).toEqual([near, far]);
  expect(shipper.status().map(({ lastError }) => lastError)).toEqual(Array(2).fill(errors.rebuilding.advice));
});

test("a replica that has records which the primary has not is told so, and gets nothing any more", async () => {
  const log = logOf(2);
  const { shipper, rejected, calls } = ship(log, (replica) => stands(log.position, replica === near ? 3 : 2));
  shipper.committed();
  await vi.advanceTimersByTimeAsync(limits.shipMs);
  shipper.committed();
  expect([rejected, calls]).toEqual([[[near, 2]], [near, far]]);
  expect(shipper.status()[0]?.lastError).toBe("diverged");
});

describe("old segments go", () => {
  test("beyond limits.segmentsKept, once both replicas have them", async () => {
    const segments = limits.segmentsKept + 10;
    const log = logOf(segments);
    const { shipper } = ship(log, () => stands(log.position, segments));
    shipper.committed();
    await vi.advanceTimersByTimeAsync(0);
    expect(log.segmentCount).toBe(limits.segmentsKept);
    expect(log.firstLsn).toBe(11);
  });

  test("not while a replica lacks them", async () => {
    const segments = limits.segmentsKept + 10;
    const log = logOf(segments);
    const { shipper } = ship(log, (replica) => (replica === near ? stands(log.position, segments) : never()));
    shipper.committed();
    await vi.advanceTimersByTimeAsync(limits.shipMs);
    expect(log.segmentCount).toBe(segments);
  });

  test("beyond limits.segmentsMost in any case, though no replica answers, and then one that needs them is told to rebuild", async () => {
    const log = logOf(limits.segmentsMost + 10);
    let away = true;
    const { shipper, rebuilt } = ship(log, () => (away ? never() : stands(log.position, 1)));
    shipper.committed();
    expect(log.segmentCount).toBe(limits.segmentsMost);
    await vi.advanceTimersByTimeAsync(limits.shipMs);
    away = false;
    await vi.advanceTimersByTimeAsync(retryMs);
    expect(rebuilt.toSorted()).toEqual([near, far]);
    expect(shipper.status().map(({ lastError }) => lastError)).toEqual(Array(2).fill(errors.rebuilding.advice));
  });
});
