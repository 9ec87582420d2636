import { describe, expect, test } from "vitest";

import { lsn, epoch } from "../../../shared/kernel/brand.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import { Primary } from "../../../shared/replication/primary.ts";
import type { StatementResult } from "../../../shared/replication/statement-run.ts";
import type { Argument } from "../../../shared/sql/parameters.ts";
import { expectReplicated } from "../../support/expect-replicated.ts";
import { Pair } from "../../support/pair.ts";
import { SqliteEngine } from "../../support/sqlite-engine.ts";

/** The results of a batch, which must succeed. */
function results(pair: Pair, ...statements: [string, ...Argument[]][]): readonly StatementResult[] {
  const outcome = pair.batch(...statements);
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.results;
}

describe("a result says what its statement did", () => {
  const pair = new Pair(
    "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a, u UNIQUE)",
    "CREATE TABLE log (id INTEGER PRIMARY KEY, what)",
    "INSERT INTO log VALUES (700, 'first')",
    "CREATE TRIGGER t_insert AFTER INSERT ON t BEGIN INSERT INTO log (what) VALUES ('one'), ('two'); END",
    "CREATE TABLE c (id INTEGER PRIMARY KEY, t REFERENCES t ON DELETE CASCADE)",
  );

  test("its own changes and the last rowid, not those of triggers, cascades or the capture", () => {
    expect(results(pair, ["INSERT INTO t (a, u) VALUES (?, 1), (?, 2), (?, 3)", "x", "y", "z"])).toMatchObject([
      { kind: "write", changes: 3, lastRowId: 3 },
    ]);
    expect(results(pair, ["INSERT OR REPLACE INTO t (a, u) VALUES ('w', 3)"])).toMatchObject([
      { changes: 1, lastRowId: 4 },
    ]);
    expect(
      results(pair, ["INSERT INTO t (a, u) VALUES ('v', 2) ON CONFLICT (u) DO UPDATE SET a = excluded.a"]),
    ).toMatchObject([{ changes: 1, lastRowId: 4 }]);
    expect(results(pair, ["INSERT INTO c VALUES (1, 1), (2, 1)"], ["DELETE FROM t WHERE id = 1"])).toMatchObject([
      { changes: 2 },
      { changes: 1 },
    ]);
    expect(results(pair, ["UPDATE t SET a = 1 WHERE 0"])).toMatchObject([{ changes: 0 }]);
  });

  test("RETURNING gives rows of a write", () => {
    expect(results(pair, ["INSERT INTO t (a, u) VALUES (?, 9), (?, 8) RETURNING id, a", 5, 2n ** 40n])).toMatchObject([
      {
        kind: "write",
        columns: ["id", "a"],
        rows: [
          [6, 5],
          [7, 2 ** 40],
        ],
        changes: 2,
        lastRowId: 7,
      },
    ]);
    expect(results(pair, ["DELETE FROM t WHERE u = 9 RETURNING u"])).toMatchObject([{ rows: [[9]], changes: 1 }]);
  });

  test("a read changes nothing, also inside of a batch that writes", () => {
    expect(results(pair, ["UPDATE t SET a = 'q' WHERE id = 2"], ["SELECT a FROM t WHERE id = ?", 2])).toMatchObject([
      { kind: "write", changes: 1 },
      { kind: "read", rows: [["q"]], changes: 0, lastRowId: 0 },
    ]);
  });

  test("a change of schema changes no rows", () => {
    expect(results(pair, ["CREATE TABLE more AS SELECT * FROM t"])).toMatchObject([{ kind: "schema", changes: 0 }]);
  });

  test("what the text alone takes for a read, and is a write, is a write", async () => {
    expect(results(pair, ["WITH w AS (SELECT 'x' AS a) INSERT INTO t (a) SELECT a FROM w"])).toMatchObject([
      { kind: "write", changes: 1 },
    ]);
    await expectReplicated(pair);
  });
});

describe("a batch is one transaction and one record", () => {
  test("all of it or nothing", async () => {
    const pair = new Pair("CREATE TABLE t (a UNIQUE)");
    const before = pair.primary.log.position;
    const outcome = pair.batch(["INSERT INTO t VALUES (1)"], ["INSERT INTO t VALUES (1)"]);
    expect(outcome).toMatchObject({ ok: false, code: "sql-error", message: "UNIQUE constraint failed: t.a" });
    expect([pair.primary.log.position, pair.rows("SELECT * FROM t")]).toEqual([before, []]);
    pair.batch(["INSERT INTO t VALUES (1)"], ["INSERT INTO t VALUES (2)"]);
    expect(pair.primary.log.position.lsn).toBe(before.lsn + 1);
    await expectReplicated(pair);
  });

  test.each<[string, [string, ...Argument[]][], string]>([
    [
      "a change of schema that fails after rows changed",
      [["INSERT INTO t VALUES (2)"], ["ALTER TABLE t ADD COLUMN a"]],
      "sql-error",
    ],
    [
      "rows that fail after the schema changed",
      [["ALTER TABLE t ADD COLUMN b"], ["INSERT INTO t VALUES (2, 3)"], ["INSERT INTO t (a) VALUES (1)"]],
      "sql-error",
    ],
    ["a refused statement", [["INSERT INTO t VALUES (2)"], ["COMMIT"]], "statement-refused"],
    ["values that do not fit", [["INSERT INTO t VALUES (2)"], ["INSERT INTO t VALUES (?)"]], "bad-request"],
    [
      "OR FAIL, which keeps the rows before the one that fails",
      [["INSERT OR FAIL INTO t VALUES (2), (3), (1)"]],
      "sql-error",
    ],
    ["a foreign key", [["CREATE TABLE c (t REFERENCES t (a))"], ["INSERT INTO c VALUES (9)"]], "sql-error"],
    [
      "a trigger's RAISE",
      [["CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT RAISE(FAIL, 'no'); END"], ["INSERT INTO t VALUES (2)"]],
      "sql-error",
    ],
  ])("%s: nothing was done, and the node goes on", async (_, batch, code) => {
    const pair = new Pair("CREATE TABLE t (a UNIQUE)", "INSERT INTO t VALUES (1)");
    const [before, dumped] = [pair.primary.log.position, await pair.dumps()];
    expect(pair.batch(...batch)).toMatchObject({ ok: false, code });
    expect(pair.primary.log.position).toEqual(before);
    expect(await pair.dumps()).toEqual(dumped);
    pair.rows("INSERT INTO t VALUES (4)");
    expect(pair.lastChanges()).toMatchObject([{ type: "rows", deleted: [], images: [[2n, 4n]] }]);
    await expectReplicated(pair);
  });

  test("what was learnt of statements under a schema that was undone is forgotten", () => {
    const pair = new Pair();
    expect(pair.batch(["CREATE TABLE t (a)"], ["SELECT * FROM t"], ["SELECT * FROM nowhere"])).toMatchObject({
      ok: false,
    });
    expect(pair.execute("SELECT * FROM t")).toMatchObject({ ok: false, code: "sql-error" });
  });

  test(`of ${limits.batchStatements} statements at most`, () => {
    const pair = new Pair("CREATE TABLE t (a)");
    const inserts = (count: number) => Array.from({ length: count }, (): [string] => ["INSERT INTO t VALUES (1)"]);
    expect(pair.batch(...inserts(limits.batchStatements))).toMatchObject({ ok: true });
    expect(pair.batch(...inserts(limits.batchStatements + 1))).toMatchObject({ ok: false, code: "bad-request" });
    expect(pair.rows("SELECT count(*) FROM t")).toEqual([[limits.batchStatements]]);
  });
});

describe("trouble of the storage", () => {
  const batch: [string, ...Argument[]][] = [
    ["INSERT INTO t VALUES (1, 'x')"],
    ["ALTER TABLE t ADD COLUMN c"],
    ["CREATE TABLE w (a, b, c, PRIMARY KEY (a, b, c)) WITHOUT ROWID"],
    ["INSERT OR REPLACE INTO t VALUES (1, 'y', 2)"],
    ["CREATE TABLE s AS SELECT * FROM t"],
  ];

  const pairBefore = () => {
    const pair = new Pair("CREATE TABLE t (a UNIQUE, b)");
    pair.ship();
    return pair;
  };

  /** How many statements an engine runs in `work`. */
  function statementsIn(engine: SqliteEngine, work: () => unknown): number {
    let count = 0;
    engine.beforeRun = () => (count += 1);
    work();
    return count;
  }

  /** Runs `work`, of which the engine's statement number `at` throws, and all that come after it. */
  function withTroubleAt(engine: SqliteEngine, at: number, work: () => unknown): void {
    let count = 0;
    engine.beforeRun = () => {
      count += 1;
      if (count >= at) throw new Error("disk I/O error");
    };
    expect(work).toThrow("disk I/O error");
    engine.beforeRun = () => undefined;
  }

  test("at any point of a transaction is thrown, and leaves the primary as it was", async () => {
    const sample = pairBefore();
    const count = statementsIn(sample.primaryEngine, () => sample.batch(...batch));
    expect(count).toBeGreaterThan(60);
    for (let at = 1; at <= count; at += 1) {
      const pair = pairBefore();
      const before = await pair.dumps();
      withTroubleAt(pair.primaryEngine, at, () => pair.batch(...batch));
      expect(await pair.dumps()).toEqual(before);
      expect(pair.batch(...batch)).toMatchObject({ ok: true });
      pair.rows("INSERT INTO w VALUES (1, 2, 3)");
      await expectReplicated(pair);
    }
  });

  test("at the commit itself as well", async () => {
    const pair = new Pair("CREATE TABLE t (a)");
    pair.primaryEngine.beforeCommit = () => {
      throw new Error("disk I/O error");
    };
    expect(() => pair.execute("INSERT INTO t VALUES (1)")).toThrow("disk I/O error");
    pair.primaryEngine.beforeCommit = () => undefined;
    pair.rows("INSERT INTO t VALUES (2)");
    await expectReplicated(pair);
    expect(pair.replicaEngine.run("SELECT a FROM t").rows).toEqual([[2]]);
  });

  test("at any point of a replay is thrown, and leaves the replica as it was", async () => {
    const sample = pairBefore();
    sample.batch(...batch);
    const count = statementsIn(sample.replicaEngine, () => sample.ship());
    expect(count).toBeGreaterThan(20);
    for (let at = 1; at <= count; at += 1) {
      const pair = pairBefore();
      pair.batch(...batch);
      const before = pair.replica.log.position;
      withTroubleAt(pair.replicaEngine, at, () => pair.ship());
      expect(pair.replica.log.position).toEqual(before);
      await expectReplicated(pair);
    }
  });
});

describe("a primary that starts", () => {
  test("goes on where its log ends", async () => {
    const pair = new Pair("CREATE TABLE t (a)", "INSERT INTO t VALUES (1)");
    const before = pair.primary.log.position;
    pair.restart();
    expect(pair.primary.log.position).toEqual(before);
    pair.rows("INSERT INTO t VALUES (2)");
    await expectReplicated(pair);
  });

  test("writes in its own epoch, and never in one older than its log", () => {
    const engine = new SqliteEngine();
    const write = { sql: "CREATE TABLE IF NOT EXISTS t (a)", parameters: [] };
    new Primary(engine, epoch(2)).execute([write], 0);
    expect(new Primary(engine, epoch(5)).log.position.epoch).toBe(2);
    const newer = new Primary(engine, epoch(5));
    newer.execute([{ sql: "INSERT INTO t VALUES (1)", parameters: [] }], 0);
    expect(newer.log.position).toMatchObject({ epoch: 5, lsn: 2 });
    expect(() => new Primary(engine, epoch(4))).toThrow("older epoch");
  });

  test("captures tables that were there before it, whatever their triggers look like", async () => {
    const pair = new Pair("CREATE TABLE t (a)");
    pair.ship();
    pair.primaryEngine.run("DROP TRIGGER _trefoil_insert_t");
    pair.primaryEngine.run("CREATE TRIGGER _trefoil_old AFTER UPDATE ON t BEGIN SELECT 1; END");
    pair.restart();
    expect(
      pair.primaryEngine.run("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name").rows.flat(),
    ).toEqual(["_trefoil_delete_t", "_trefoil_insert_t", "_trefoil_moved_t", "_trefoil_update_t"]);
    pair.rows("INSERT INTO t VALUES (1)");
    await expectReplicated(pair);
  });
});

test("a record carries the time of its commit", () => {
  const engine = new SqliteEngine();
  const primary = new Primary(engine, epoch(1));
  primary.execute([{ sql: "CREATE TABLE t (a)", parameters: [] }], 1_700_000_000_123);
  expect(primary.log.read(lsn(1), { bytes: 0, records: 1 })[0]?.header.committedAtMs).toBe(1_700_000_000_123);
});
