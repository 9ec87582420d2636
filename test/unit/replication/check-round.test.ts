import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { readChanges } from "../../../shared/binlog/record.ts";
import { lsn } from "../../../shared/kernel/brand.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import { CheckRounds } from "../../../shared/replication/check-round.ts";
import { Filling, smallSlice } from "../../support/filling.ts";
import { expectReplicated } from "../../support/expect-replicated.ts";
import { Pair } from "../../support/pair.ts";

const schema = [
  "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, v)",
  "CREATE TABLE b (k TEXT COLLATE NOCASE, v REAL, PRIMARY KEY (k COLLATE BINARY)) WITHOUT ROWID",
  "CREATE TABLE empty (x)",
  "CREATE TRIGGER g AFTER INSERT ON b BEGIN INSERT INTO a(v) VALUES (NEW.v); END",
  "INSERT INTO a(v) VALUES (1), ('1'), (1.0), (x'31'), (NULL), (-0.0), (9007199254740993), (CAST(x'ff' AS TEXT))",
  "INSERT INTO b VALUES ('a', 1), ('A', -0.0), ('b', 9e999), ('B', 0.1)",
];

function filling(size = smallSlice): Filling {
  const made = new Filling(new Pair(...schema), size);
  made.pair.ship();
  return made;
}

/** The checks of all records past `after`, with the parts that matter here. */
function checksAfter({ pair }: Filling, after: number) {
  const records = pair.primary.log.read(lsn(after + 1), { bytes: Infinity, records: Infinity });
  return records.map((record) =>
    readChanges(record).map((change) =>
      change.type === "check" ? [change.table, change.rows, change.last, change.since] : change.type,
    ),
  );
}

describe("a round that was asked for", () => {
  test("goes over all tables by their names, slice by slice, and ends with the schema", () => {
    const made = filling();
    const since = made.pair.primary.log.position.lsn;
    made.rounds.ask(7);
    made.check();
    expect(checksAfter(made, since)).toEqual([
      [["a", 3, false, since]],
      [["a", 3, false, since]],
      [["a", 3, false, since]],
      [["a", 3, true, since]],
      [["b", 3, false, since]],
      [
        ["b", 1, true, since],
        ["empty", 0, true, since],
        ["sqlite_schema", 5, true, since],
      ],
    ]);
    expect(made.rounds.progress).toEqual({
      rounds: 1,
      round: null,
      done: { since, lsn: made.pair.primary.log.position.lsn, slices: 6, rows: 21, asked: true, atMs: 0 },
    });
  });

  test("is passed by a replica that holds the same, and leaves the data as it was", async () => {
    const made = filling();
    made.rounds.ask(0);
    made.check();
    await expectReplicated(made.pair);
    expect(made.pair.replica.standing).toEqual({ state: "following" });
  });

  test("goes on after a reset, and begins anew when somebody asks again or the schema changes", () => {
    const made = filling();
    made.rounds.ask(0);
    made.rounds.next(0);
    made.restart();
    expect(made.rounds.isAsked).toBe(true);
    made.rounds.next(0);
    expect(made.rounds.progress.round).toMatchObject({ slices: 2, rows: 6 });
    made.pair.rows("ALTER TABLE empty RENAME TO full");
    made.rounds.next(0);
    expect(made.rounds.progress.round).toMatchObject({ slices: 1, rows: 3, asked: true });
    made.rounds.next(0);
    made.rounds.ask(0);
    expect(made.rounds.progress.round).toMatchObject({ slices: 0, rows: 0 });
    made.check();
    expect(made.rounds.progress.rounds).toBe(1);
    expect(made.pair.ship()).toMatchObject({ ok: true });
  });

  test("is one slice where the whole database fits into it", () => {
    const made = filling({ rows: limits.sliceRows, bytes: limits.sliceBytes });
    made.rounds.ask(0);
    made.rounds.next(0);
    expect(made.rounds.progress).toMatchObject({ rounds: 1, round: null, done: { slices: 1 } });
  });

  test("leaves no trace when its record cannot be written", () => {
    const made = filling();
    made.rounds.ask(0);
    const before = [made.rounds.progress, made.pair.primary.log.position];
    made.pair.primaryEngine.beforeCommit = () => {
      throw new Error("disk I/O error");
    };
    expect(() => made.rounds.next(0)).toThrow("disk I/O error");
    made.pair.primaryEngine.beforeCommit = () => undefined;
    expect([made.rounds.progress, made.pair.primary.log.position]).toEqual(before);
    made.check();
    expect(made.pair.ship()).toMatchObject({ ok: true });
  });
});

describe("in the background", () => {
  const write = (made: Filling, count: number) => {
    for (let n = 0; n < count; n += 1) made.pair.rows("INSERT INTO empty VALUES (1)");
  };

  test(`a slice is due ${limits.checkRecords} records after the last one`, () => {
    const made = filling();
    made.rounds.next(0);
    write(made, limits.checkRecords - 1);
    expect(made.rounds.isDue(0)).toBe(false);
    write(made, 1);
    expect(made.rounds.isDue(0)).toBe(true);
    made.rounds.next(0);
    expect(made.rounds.isDue(0)).toBe(false);
  });

  test(`or ${limits.checkMs} ms after it with the first write, and not while nothing is written`, () => {
    const made = filling();
    made.rounds.next(1_000);
    expect(made.rounds.isDue(1_000 + limits.checkMs * 10)).toBe(false);
    write(made, 1);
    expect(made.rounds.isDue(1_000 + limits.checkMs - 1)).toBe(false);
    expect(made.rounds.isDue(1_000 + limits.checkMs)).toBe(true);
    made.restart();
    expect(made.rounds.isDue(1_000 + limits.checkMs)).toBe(true);
  });

  test("round follows upon round, each of which is counted", () => {
    const made = filling();
    for (let slice = 0; slice < 12; slice += 1) made.rounds.next(0);
    expect(made.rounds.progress).toMatchObject({ rounds: 2, round: null });
    expect(made.rounds.isAsked).toBe(false);
  });
});

describe("a replica that differs", () => {
  const plants: [string, string, string][] = [
    ["one bit of a text", "UPDATE a SET v = '3' WHERE id = 2", "a"],
    ["the class of a value", "UPDATE a SET v = 1 WHERE id = 3", "a"],
    ["the sign of a zero", "UPDATE a SET v = 0.0 WHERE id = 6", "a"],
    ["the last bit of a double", "UPDATE b SET v = 0.1 + 1e-17 WHERE k = 'B'", "b"],
    ["a row that is missing", "DELETE FROM a WHERE id = 8", "a"],
    ["a row that is missing at the end", "DELETE FROM a WHERE id = 12", "a"],
    ["a row too many in the middle", "INSERT INTO b VALUES ('aa', NULL)", "b"],
    ["a row too many at the end", "INSERT INTO a VALUES (99, NULL)", "a"],
    ["a row in an empty table", "INSERT INTO empty VALUES (NULL)", "empty"],
    ["a key that moved", "UPDATE a SET id = 50 WHERE id = 8", "a"],
    ["an AUTOINCREMENT counter", "UPDATE sqlite_sequence SET seq = seq + 1", "sqlite_schema"],
    ["an index", "CREATE INDEX i ON a (v)", "sqlite_schema"],
    ["a trigger that is parked", "DELETE FROM _trefoil_triggers", "sqlite_schema"],
    ["a table that is gone", "DROP TABLE empty", "sqlite_schema"],
  ];

  test.each(plants)("in %s steps out, and says where it differs", (_, sql, table) => {
    const made = filling();
    const { pair } = made;
    pair.replicaEngine.run(sql);
    made.rounds.ask(0);
    made.check();
    const before = pair.replica.log.position;
    expect(pair.ship()).toMatchObject({ ok: false, code: "diverged", position: before });
    expect(pair.replica.standing).toMatchObject({
      state: "diverged",
      reason: expect.stringContaining(`a slice of ${table} holds`) as string,
    });
  });

  test("answers no read and takes no record from then on, also after a reset", () => {
    const made = filling();
    const { pair } = made;
    pair.replicaEngine.run("UPDATE a SET v = 'wrong' WHERE id = 1");
    pair.rows("INSERT INTO empty VALUES (1)");
    made.rounds.ask(0);
    made.check();
    pair.ship();
    const refused = {
      ok: false,
      code: "diverged",
      message: expect.stringContaining("a slice of a holds 3 rows") as string,
    };
    for (let turn = 0; turn < 2; turn += 1) {
      expect(pair.replica.query([{ sql: "SELECT 1", parameters: [] }])).toMatchObject(refused);
      expect(pair.ship()).toMatchObject(refused);
      made.restart();
    }
    const { standing } = pair.replica;
    expect(standing.state === "diverged" && standing.lsn).toBeGreaterThan(pair.replica.log.position.lsn);
  });

  test("is not reported by mistake, whatever is written between the slices", () => {
    const statements = [
      "INSERT INTO a(v) VALUES (random())",
      "DELETE FROM a WHERE id % 3 = 1",
      "UPDATE a SET id = id + 5 WHERE id % 2",
      "INSERT OR REPLACE INTO b VALUES (char(97 + abs(random() % 9)), random())",
      "UPDATE b SET k = upper(k) WHERE k = 'a'",
      "DELETE FROM b WHERE k > 'd'",
      "ALTER TABLE empty ADD COLUMN y",
      "DROP TABLE IF EXISTS empty",
      "CREATE TABLE IF NOT EXISTS aa AS SELECT * FROM a",
      "next",
      "next",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...statements), { maxLength: 60, size: "max" }), (history) => {
        const made = filling();
        for (const each of history) {
          if (each === "next") made.rounds.next(0);
          else made.pair.execute(each);
        }
        expect(made.pair.ship()).toMatchObject({ ok: true });
      }),
      { numRuns: 60 },
    );
  });
});

test("what is checked stands in the record as long as the log keeps it", () => {
  const made = filling();
  new CheckRounds(made.pair.primaryEngine, made.pair.primary).next(0);
  expect(made.pair.lastChanges().at(-1)).toMatchObject({ type: "check", table: "sqlite_schema", rows: 5, last: true });
});
