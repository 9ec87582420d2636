import { describe, expect, test } from "vitest";

import { BinLog, emptyLog, LogDamaged } from "../../../shared/binlog/log.ts";
import { present } from "../../../shared/kernel/assert.ts";
import { lsn } from "../../../shared/kernel/brand.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import { nextRecord, recordChain } from "../../support/changes.ts";
import { SqliteEngine } from "../../support/sqlite-engine.ts";

const everything = { bytes: Infinity, records: Infinity };

function logWith(count: number, bytes?: number) {
  const engine = new SqliteEngine();
  const log = new BinLog(engine);
  const records = recordChain(count, bytes);
  engine.transaction(() => records.forEach((record) => log.append(record)));
  return { engine, log, records };
}

const lsnsFrom = (log: BinLog, from: number, bounds: { bytes: number; records: number }) =>
  log.read(lsn(from), bounds).map(({ header }) => header.lsn);

const segmentsOf = (engine: SqliteEngine) =>
  engine
    .run("SELECT name FROM sqlite_master WHERE name GLOB '_trefoil_log_*' ORDER BY name")
    .rows.map(([name]) => String(name));

test("an empty log stands at position 0 and gives nothing", () => {
  const log = new BinLog(new SqliteEngine());
  expect(log.position).toEqual(emptyLog);
  expect([log.firstLsn, log.segmentCount]).toEqual([1, 0]);
  expect(log.read(lsn(1), everything)).toEqual([]);
});

describe("what was appended", () => {
  test("is read back in order, from any record on", () => {
    const { log, records } = logWith(5);
    expect(log.read(lsn(1), everything)).toEqual(records);
    expect(log.read(lsn(4), everything)).toEqual(records.slice(3));
    expect(log.read(lsn(6), everything)).toEqual([]);
    expect(log.position).toEqual({ epoch: 1, lsn: 5, checksum: records[4]?.checksum, schemaVersion: 5 });
  });

  test("is there when the log is opened again", () => {
    const { engine, log, records } = logWith(5);
    const again = new BinLog(engine);
    expect(again.position).toEqual(log.position);
    expect(again.read(lsn(1), everything)).toEqual(records);
    again.append(nextRecord(records[4]));
    expect(again.position.lsn).toBe(6);
  });

  test(`may be larger than a row of ${limits.logRowBytes} bytes: it stands in parts`, () => {
    const { engine, log, records } = logWith(3, 2 * limits.logRowBytes + 1);
    const checksums = records.map(({ checksum }) => checksum);
    expect(new BinLog(engine).read(lsn(1), everything).map(({ checksum }) => checksum)).toEqual(checksums);
    expect(log.read(lsn(2), { bytes: 1, records: 1 }).map(({ checksum }) => checksum)).toEqual(checksums.slice(1, 2));
    const sizes = engine.run(
      `SELECT lsn, length(bytes) FROM ${segmentsOf(engine)[0]} WHERE lsn = 2 ORDER BY part`,
    ).rows;
    expect(sizes.map(([, size]) => size)).toEqual([
      limits.logRowBytes,
      limits.logRowBytes,
      (records[1]?.bytes.length ?? 0) - 2 * limits.logRowBytes,
    ]);
  });
});

describe("what does not follow on the log's end is a bug, and is not appended", () => {
  const [one, two, three, four] = recordChain(4);

  test.each([
    ["a gap", four, "record 4 does not follow 2"],
    ["a record twice", two, "record 2 does not follow 2"],
    ["another chain", nextRecord(nextRecord(one, 99)), "record 3 does not continue the checksum chain"],
  ])("%s", (_, record, message) => {
    const { log } = logWith(2);
    const before = log.position;
    expect(() => log.append(present(record, "the record"))).toThrow(message);
    expect(log.position).toBe(before);
    log.append(present(three, "record 3"));
  });

  test("an older epoch", () => {
    const { log, records } = logWith(2);
    const newer = nextRecord(records[1], 1, 3);
    log.append(newer);
    expect(() => log.append(nextRecord(newer, 1, 2))).toThrow("older epoch");
  });
});

describe("a read is bounded", () => {
  const { log, records } = logWith(6, 100);
  const size = records[0]?.bytes.length ?? 0;

  test("by bytes", () => {
    expect(lsnsFrom(log, 1, { bytes: size * 3, records: 9 })).toEqual([1, 2, 3]);
    expect(lsnsFrom(log, 2, { bytes: size * 4 - 1, records: 9 })).toEqual([2, 3, 4]);
  });

  test("by records", () => {
    expect(lsnsFrom(log, 3, { bytes: Infinity, records: 2 })).toEqual([3, 4]);
  });

  test("but gives one record if there is any, however large", () => {
    expect(lsnsFrom(log, 5, { bytes: 0, records: 9 })).toEqual([5]);
  });

  test(`to what one call ships: ${limits.shipRecords} records, ${limits.shipBytes} bytes`, () => {
    const call = { bytes: limits.shipBytes, records: limits.shipRecords };
    expect(logWith(limits.shipRecords + 1).log.read(lsn(1), call)).toHaveLength(limits.shipRecords);
    const large = logWith(4, Math.floor(limits.shipBytes / 2) - 100);
    expect(large.log.read(lsn(1), call)).toHaveLength(2);
  });
});

describe("the log stands in segments", () => {
  test(`of ${limits.segmentRecords} records, named after their first one`, () => {
    const { engine, log, records } = logWith(limits.segmentRecords * 2 + 1, 0);
    expect(log.segmentCount).toBe(3);
    expect(segmentsOf(engine).map((name) => Number(name.slice(-16)))).toEqual([
      1,
      limits.segmentRecords + 1,
      limits.segmentRecords * 2 + 1,
    ]);
    expect(lsnsFrom(log, limits.segmentRecords, { bytes: Infinity, records: 2 })).toEqual([
      limits.segmentRecords,
      limits.segmentRecords + 1,
    ]);
    const again = new BinLog(engine);
    expect([again.position.lsn, again.segmentCount]).toEqual([records.length, 3]);
  });

  test(`or of ${limits.segmentBytes} bytes, unless one record alone is larger`, () => {
    const third = Math.floor(limits.segmentBytes / 3) - 100;
    const { engine, log, records } = logWith(7, third);
    expect(segmentsOf(engine).map((name) => Number(name.slice(-16)))).toEqual([1, 4, 7]);
    const again = new BinLog(engine);
    let last = present(records[6], "record 7");
    for (const bytes of [third, third, 1_000, limits.segmentBytes + 1, 1]) {
      last = nextRecord(last, bytes);
      again.append(last);
    }
    expect(segmentsOf(engine).map((name) => Number(name.slice(-16)))).toEqual([1, 4, 7, 10, 11, 12]);
    expect(log.segmentCount).toBe(3);
  });

  const segmented = () => logWith(limits.segmentRecords * 4 + 1, 0);

  test("old ones are dropped whole, beyond those that are kept", () => {
    const { engine, log } = segmented();
    expect(log.purge(log.position.lsn, 2)).toBe(3);
    expect([log.firstLsn, log.segmentCount, segmentsOf(engine).length]).toEqual([limits.segmentRecords * 3 + 1, 2, 2]);
    expect(() => log.read(lsn(1), everything)).toThrow(LogDamaged);
    expect(log.read(log.firstLsn, everything)).toHaveLength(limits.segmentRecords + 1);
    expect([new BinLog(engine).firstLsn, new BinLog(engine).position]).toEqual([log.firstLsn, log.position]);
  });

  test("none before all of its records may go", () => {
    const { log } = segmented();
    expect(log.purge(lsn(limits.segmentRecords - 1), 0)).toBe(0);
    expect(log.purge(lsn(limits.segmentRecords), 0)).toBe(1);
    expect(log.purge(lsn(limits.segmentRecords * 3 - 1), 0)).toBe(1);
    expect(log.firstLsn).toBe(limits.segmentRecords * 2 + 1);
  });

  test("and the last one never, so that the position is not lost", () => {
    const { log } = segmented();
    expect(log.purge(log.position.lsn, 0)).toBe(4);
    expect([log.segmentCount, log.firstLsn]).toEqual([1, limits.segmentRecords * 4 + 1]);
    expect(log.purge(log.position.lsn, 0)).toBe(0);
  });

  test("one that cannot be dropped now is dropped the next time", () => {
    const { engine, log } = segmented();
    engine.beforeRun = (sql) => {
      if (sql.startsWith("DROP")) throw new Error("disk I/O error");
    };
    expect(() => log.purge(log.position.lsn, 1)).toThrow("disk I/O error");
    engine.beforeRun = () => undefined;
    expect(log.firstLsn).toBe(1);
    expect(log.purge(log.position.lsn, 1)).toBe(4);
  });
});

describe("a transaction that is undone takes its records with it", () => {
  /** Appends in a transaction that is undone, and rewinds. */
  function undone(engine: SqliteEngine, log: BinLog, ...records: ReturnType<typeof recordChain>): void {
    const { mark } = log;
    const work = () => {
      for (const record of records) log.append(record);
      throw new Error("undone");
    };
    expect(() => engine.transaction(work)).toThrow("undone");
    log.rewind(mark);
  }

  test("and the log goes on from where it was", () => {
    const { engine, log, records } = logWith(1);
    const before = log.position;
    undone(engine, log, nextRecord(records[0], 77));
    expect(log.position).toEqual(before);
    log.append(nextRecord(records[0]));
    expect(log.read(lsn(1), everything)).toHaveLength(2);
  });

  test("new segments too", () => {
    const engine = new SqliteEngine();
    const log = new BinLog(engine);
    const records = recordChain(limits.segmentRecords + 2, 0);
    undone(engine, log, ...records);
    expect([log.position, log.segmentCount]).toEqual([emptyLog, 0]);
    for (const record of records.slice(0, limits.segmentRecords)) log.append(record);
    undone(engine, log, ...records.slice(limits.segmentRecords));
    expect([log.position.lsn, log.segmentCount, new BinLog(engine).segmentCount]).toEqual([
      limits.segmentRecords,
      1,
      1,
    ]);
    log.append(records[limits.segmentRecords] ?? nextRecord(undefined));
    expect(log.segmentCount).toBe(2);
  });

  test("an append that fails on its way leaves the log as it was", () => {
    const engine = new SqliteEngine();
    const log = new BinLog(engine);
    engine.beforeRun = (sql) => {
      if (sql.startsWith("INSERT")) throw new Error("disk full");
    };
    expect(() => engine.transaction(() => log.append(nextRecord(undefined)))).toThrow("disk full");
    engine.beforeRun = () => undefined;
    expect(log.segmentCount).toBe(0);
    log.append(nextRecord(undefined));
    expect(log.position.lsn).toBe(1);
  });
});

describe("a log that begins anew after a position", () => {
  const elsewhere = recordChain(9);
  const position = (at: number) => {
    const { header, checksum } = present(elsewhere[at - 1], "the record");
    return { epoch: header.epoch, lsn: header.lsn, checksum, schemaVersion: header.schemaVersion };
  };

  test("holds nothing before it and goes on behind it, also when it is opened again", () => {
    const { engine, log } = logWith(5, 99);
    log.restart(position(8));
    for (const each of [log, new BinLog(engine)])
      expect([each.position, each.firstLsn, each.segmentCount]).toEqual([position(8), 9, 0]);
    log.append(present(elsewhere[8], "record 9"));
    expect(lsnsFrom(new BinLog(engine), 9, everything)).toEqual([9]);
    expect(new BinLog(engine).position.lsn).toBe(9);
  });

  test("may do so several times, and is as it was when that is undone", () => {
    const { engine, log } = logWith(5, 99);
    log.restart(position(8));
    log.restart(position(3));
    expect(new BinLog(engine).position).toEqual(position(3));
    log.append(present(elsewhere[3], "record 4"));
    const { mark } = log;
    const undone = () =>
      engine.transaction(() => {
        log.restart(position(8));
        throw new Error("undone");
      });
    expect(undone).toThrow("undone");
    log.rewind(mark);
    expect([log.position, new BinLog(engine).position]).toEqual([position(4), position(4)]);
    log.append(present(elsewhere[4], "record 5"));
  });
});

describe("damage on the disk is found by whoever reads the record", () => {
  const damage = (sql: (segment: string) => string) => {
    const made = logWith(3);
    made.engine.run(sql(segmentsOf(made.engine)[0] ?? ""));
    return made;
  };

  test.each([
    ["a record that is missing", (segment: string) => `DELETE FROM ${segment} WHERE lsn = 2`],
    [
      "bytes that changed",
      (segment: string) => `UPDATE ${segment} SET bytes = CAST(replace(bytes, 'xx', 'xy') AS BLOB) WHERE lsn = 2`,
    ],
    ["bytes that are text", (segment: string) => `UPDATE ${segment} SET bytes = 'x' WHERE lsn = 2`],
    [
      "a record in the place of another",
      (segment: string) => `UPDATE ${segment} SET bytes = (SELECT bytes FROM ${segment} WHERE lsn = 1) WHERE lsn = 2`,
    ],
  ])("%s", (_, sql) => {
    const { log } = damage(sql);
    expect(lsnsFrom(log, 1, { bytes: Infinity, records: 1 })).toEqual([1]);
    expect(() => log.read(lsn(1), everything)).toThrow(new LogDamaged("Record 2 is missing or damaged."));
  });

  test("a log whose last record is damaged does not open", () => {
    const { engine } = damage((segment) => `UPDATE ${segment} SET bytes = zeroblob(99) WHERE lsn = 3`);
    expect(() => new BinLog(engine)).toThrow(LogDamaged);
  });
});
