import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { emptyLogChecksum } from "../../shared/binlog/checksum.ts";
import { BinLog, type LogPosition } from "../../shared/binlog/log.ts";
import { sealRecord } from "../../shared/binlog/record.ts";
import { epoch, lsn, nodeId, type NodeId } from "../../shared/kernel/brand.ts";
import { errors } from "../../shared/kernel/error.ts";
import { limits } from "../../shared/kernel/limits.ts";
import type { Append } from "../../shared/replication/admit.ts";
import type { AppendReply } from "../../shared/replication/replica.ts";
import { SqliteEngine } from "../support/sqlite-engine.ts";
import { Shipper, type ShipperHost } from "../../workers/database/shipper.ts";

const term = epoch(1);
const [near, far] = [nodeId("db-2"), nodeId("db-3")];

/** A log of one record in each of `segments` segments, as it would be after that many times `limits.segmentRecords`. */
function logOf(segments: number): BinLog {
  const engine = new SqliteEngine();
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

/** A shipper whose replicas answer as `answer` says. */
function ship(log: BinLog, answer: (replica: NodeId, append: Append) => Promise<AppendReply>) {
  const wakes: number[] = [];
  const calls: NodeId[] = [];
  const rebuilt: NodeId[] = [];
  const host: ShipperHost = {
    now: () => Date.now(),
    wakeAt: (atMs) => void wakes.push(atMs),
    append(replica, append) {
      calls.push(replica);
      return answer(replica, append);
    },
    rebuild: (replica) => Promise.resolve(void rebuilt.push(replica)),
  };
  const shipper = new Shipper(host, log, term, [near, far]);
  /** The alarm that was asked for last goes off. */
  const alarm = () => {
    vi.setSystemTime(wakes.at(-1) ?? 0);
    shipper.woke();
  };
  return { shipper, alarm, wakes, calls, rebuilt };
}

const stands = (position: LogPosition, at: number): Promise<AppendReply> =>
  Promise.resolve({ ok: true, position: { ...position, lsn: lsn(at) } });
const never = () => new Promise<never>(() => undefined);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a call that hangs is given up after limits.shipMs, and the alarm is set for another try", async () => {
  const { shipper, alarm, wakes, calls } = ship(logOf(1), never);
  shipper.committed();
  expect(calls).toEqual([near, far]);
  await vi.advanceTimersByTimeAsync(limits.shipMs - 1);
  expect(wakes).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(wakes.length).toBeGreaterThan(0);
  expect(shipper.status().map(({ failures, inFlight }) => [failures, inFlight])).toEqual([
    [1, false],
    [1, false],
  ]);
  alarm();
  alarm();
  expect(calls.toSorted()).toEqual([near, near, far, far]);
});

test("once both replicas have everything there is no timer, no alarm and no call", async () => {
  const log = logOf(3);
  const { shipper, wakes, calls } = ship(log, () => stands(log.position, 3));
  shipper.committed();
  await vi.advanceTimersByTimeAsync(0);
  expect(calls).toEqual([near, far]);
  shipper.committed();
  await vi.advanceTimersByTimeAsync(limits.shipMs * 10);
  expect(calls).toEqual([near, far]);
  expect(wakes).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
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
    const { shipper, alarm, rebuilt } = ship(log, () => (away ? never() : stands(log.position, 1)));
    shipper.committed();
    expect(log.segmentCount).toBe(limits.segmentsMost);
    await vi.advanceTimersByTimeAsync(limits.shipMs);
    away = false;
    alarm();
    alarm();
    await vi.advanceTimersByTimeAsync(0);
    expect(rebuilt.toSorted()).toEqual([near, far]);
    expect(shipper.status().map(({ lastError }) => lastError)).toEqual(Array(2).fill(errors.rebuilding.advice));
  });
});
