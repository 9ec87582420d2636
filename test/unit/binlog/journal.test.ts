import { describe, expect, test } from "vitest";

import { expectReplicated } from "../../support/expect-replicated.ts";
import { Pair } from "../../support/pair.ts";

const lastTypes = (pair: Pair) =>
  pair.lastChanges().map((change) => ("sql" in change ? change.sql : `${change.type} ${change.table}`));
const notes = (pair: Pair) => Number(pair.primaryEngine.run("SELECT count(*) FROM _trefoil_dirty").rows[0]?.[0]);

describe("a change of schema is an event in the record, in its place among the changes of rows", () => {
  test("rows before it fit the schema before it, rows after it the new one", async () => {
    const pair = new Pair("CREATE TABLE t (a)");
    pair.batch(
      ["INSERT INTO t VALUES ('x')"],
      ["ALTER TABLE t ADD COLUMN b DEFAULT 1"],
      ["UPDATE t SET b = 2"],
      ["ALTER TABLE t DROP COLUMN a"],
    );
    expect(lastTypes(pair)).toEqual([
      "rows t",
      "ALTER TABLE t ADD COLUMN b DEFAULT 1",
      "rows t",
      "ALTER TABLE t DROP COLUMN a",
    ]);
    await expectReplicated(pair);
  });

  test("a table that is made, filled and dropped in one transaction leaves nothing", async () => {
    const pair = new Pair();
    pair.batch(
      ["CREATE TABLE t (a)"],
      ["INSERT INTO t VALUES (1)"],
      ["DROP TABLE t"],
      ["CREATE TABLE t (b)"],
      ["INSERT INTO t VALUES (2)"],
    );
    await expectReplicated(pair);
  });

  test("tables may change names with each other", async () => {
    const pair = new Pair(
      "CREATE TABLE a (x)",
      "CREATE TABLE b (y PRIMARY KEY) WITHOUT ROWID",
      "INSERT INTO a VALUES (1)",
      "INSERT INTO b VALUES (2)",
    );
    pair.batch(
      ["ALTER TABLE a RENAME TO c"], ["INSERT INTO c VALUES (3)"],
      ["ALTER TABLE b RENAME TO a"], ["INSERT INTO a VALUES (4)"],
      ["ALTER TABLE c RENAME TO b"], ["INSERT INTO b VALUES (5)"], ["DELETE FROM a WHERE y = 2"],
    ); // prettier-ignore
    await expectReplicated(pair);
  });

  test("the column that keys a table may be renamed, and one that hides its rowid may come and go", async () => {
    const pair = new Pair(
      "CREATE TABLE t (k TEXT PRIMARY KEY, a) WITHOUT ROWID",
      "CREATE TABLE u (a, b)",
      "INSERT INTO u VALUES (7, 8), (9, 9)",
    );
    for (const sql of [
      "ALTER TABLE t RENAME COLUMN k TO l",
      "INSERT INTO t VALUES ('x', 1)",
      "ALTER TABLE u RENAME COLUMN a TO rowid",
      "UPDATE u SET b = 1 WHERE rowid = 7",
      "ALTER TABLE u DROP COLUMN rowid",
      "UPDATE u SET b = 2 WHERE rowid = 1",
    ]) {
      pair.rows(sql);
      await expectReplicated(pair);
    }
    pair.rows("ALTER TABLE u ADD COLUMN rowid");
    pair.rows("UPDATE u SET rowid = 5, b = 5");
    await expectReplicated(pair);
  });

  test("views, indexes and triggers follow a rename, on both sides alike", async () => {
    const pair = new Pair(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a)",
      "CREATE TABLE log (what)",
      "CREATE VIEW v (x) AS SELECT a FROM t WHERE a > 1",
      "CREATE INDEX t_a ON t (a) WHERE a IS NOT NULL",
      "CREATE TRIGGER t_delete AFTER DELETE ON t BEGIN INSERT INTO log SELECT a FROM t; END",
      "CREATE TRIGGER v_insert INSTEAD OF INSERT ON v BEGIN INSERT INTO t (a) VALUES (NEW.x); END",
      "ALTER TABLE t RENAME TO s",
      "ALTER TABLE s RENAME COLUMN a TO b",
      "INSERT INTO v VALUES (3), (4)",
      "DELETE FROM s WHERE b = 3",
    );
    await expectReplicated(pair);
    expect(pair.replicaEngine.run("SELECT what FROM log").rows).toEqual([[4]]);
  });

  test("what a view forbids changes nothing", async () => {
    const pair = new Pair("CREATE TABLE t (a, b)", "CREATE VIEW v AS SELECT a FROM t");
    const before = pair.primary.log.position;
    expect(pair.batch(["INSERT INTO t VALUES (1, 2)"], ["ALTER TABLE t DROP COLUMN a"])).toMatchObject({
      ok: false,
      code: "sql-error",
    });
    expect(pair.primary.log.position).toEqual(before);
    pair.rows("INSERT INTO t VALUES (3, 4)");
    await expectReplicated(pair);
  });

  test.each([
    "CREATE TABLE IF NOT EXISTS t (b)",
    "CREATE INDEX IF NOT EXISTS i ON t (a)",
    "DROP TABLE IF EXISTS gone",
    "DROP VIEW IF EXISTS gone",
    "ANALYZE",
    "REINDEX",
  ])("%s that changes nothing gives no record", (sql) => {
    const pair = new Pair("CREATE TABLE t (a)", "CREATE INDEX i ON t (a)");
    const before = pair.primary.log.position;
    pair.rows(sql);
    expect(pair.primary.log.position).toBe(before);
  });

  test("each one counts in the schema's version", () => {
    const pair = new Pair("CREATE TABLE t (a)", "INSERT INTO t VALUES (1)");
    expect(pair.primary.log.position.schemaVersion).toBe(1);
    pair.batch(["ALTER TABLE t ADD b"], ["CREATE INDEX i ON t (b)"], ["DROP TABLE IF EXISTS gone"]);
    expect(pair.primary.log.position.schemaVersion).toBe(3);
  });

  test("a table that hides its rows' key is refused, and nothing is left of the batch", () => {
    const pair = new Pair();
    expect(pair.batch(["CREATE TABLE s (a)"], ["CREATE TABLE t (rowid, oid, _rowid_)"])).toMatchObject({
      ok: false,
      code: "statement-refused",
    });
    expect(pair.primaryEngine.run("SELECT count(*) FROM sqlite_master WHERE name IN ('s', 't')").rows).toEqual([[0]]);
  });

  test("a wider key widens the note-book, and notes made in the same transaction are kept", async () => {
    const pair = new Pair("CREATE TABLE t (a)");
    pair.batch(
      ["INSERT INTO t VALUES (1)"],
      ["CREATE TABLE w (a, b, c, d, PRIMARY KEY (d, c, b)) WITHOUT ROWID"],
      ["INSERT INTO w VALUES (1, 2, 3, 4)"],
      ["INSERT INTO t VALUES (2)"],
    );
    expect(lastTypes(pair).filter((change) => change.startsWith("rows"))).toEqual(["rows t", "rows w", "rows t"]);
    await expectReplicated(pair);
  });
});

describe("AUTOINCREMENT counters", () => {
  const counter = (pair: Pair) =>
    pair.replicaEngine.run("SELECT seq FROM sqlite_sequence WHERE name = 't'").rows[0]?.[0];
  const counted = (...more: string[]) => new Pair("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a)", ...more);

  test("13: go along, also where no row is left of what moved them", async () => {
    const pair = counted();
    pair.batch(["INSERT INTO t (a) VALUES (1), (2), (3)"], ["DELETE FROM t"]);
    await expectReplicated(pair);
    expect(counter(pair)).toBe(3);
  });

  test("are not moved on the replica by rows that did not move them on the primary", async () => {
    const pair = counted("INSERT INTO t (a) VALUES (1)", "UPDATE t SET id = 100");
    await expectReplicated(pair);
    expect(counter(pair)).toBe(1);
    for (const sql of [
      "UPDATE sqlite_sequence SET seq = 0",
      "UPDATE t SET a = 2",
      "DELETE FROM sqlite_sequence",
      "UPDATE t SET a = 3",
    ]) {
      pair.rows(sql);
      await expectReplicated(pair);
    }
    expect(counter(pair)).toBeUndefined();
  });

  test("reach over 64 bits", async () => {
    const pair = counted("INSERT INTO t VALUES (9223372036854775806, 'x')", "INSERT INTO t (a) VALUES ('y')");
    await expectReplicated(pair);
  });

  test("follow the renames of their table, and go with it", async () => {
    const pair = counted("INSERT INTO t (a) VALUES (1)");
    pair.batch(
      ["INSERT INTO t (a) VALUES (2)"],
      ["DELETE FROM t"],
      ["ALTER TABLE t RENAME TO u"],
      ["CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)"],
      ["INSERT INTO t VALUES (7)"],
      ["DELETE FROM t"],
    );
    await expectReplicated(pair);
    pair.batch(
      ["DROP TABLE t"],
      ["CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)"],
      ["INSERT INTO t VALUES (7)"],
      ["DELETE FROM t"],
    );
    await expectReplicated(pair);
    pair.batch(["DROP TABLE t"], ["DROP TABLE u"]);
    await expectReplicated(pair);
  });

  test.each([
    "UPDATE sqlite_sequence SET seq = 'x'",
    "UPDATE sqlite_sequence SET seq = NULL",
    "INSERT INTO sqlite_sequence VALUES ('t', 2)",
    "INSERT INTO sqlite_sequence VALUES (NULL, 2)",
  ])("%s is refused: no replica could hold it", async (sql) => {
    const pair = counted("INSERT INTO t (a) VALUES (1)");
    expect(pair.execute(sql)).toMatchObject({ ok: false, code: "statement-refused" });
    pair.rows("INSERT INTO t (a) VALUES (2)");
    await expectReplicated(pair);
  });
});

describe("the note-book", () => {
  const many =
    "INSERT INTO t SELECT i FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001) SELECT i FROM n)";

  test("is emptied once it holds more than 10,000 notes, and capture goes on", async () => {
    const pair = new Pair("CREATE TABLE t (a)", "INSERT INTO t VALUES (0)");
    expect(notes(pair)).toBe(1);
    pair.rows(many);
    expect(notes(pair)).toBe(0);
    pair.rows("INSERT INTO t VALUES (-1)");
    expect(notes(pair)).toBe(1);
    await expectReplicated(pair);
  });

  test("is as before where the transaction that would have emptied it is undone", async () => {
    const pair = new Pair("CREATE TABLE t (a)", "INSERT INTO t VALUES (0)");
    expect(pair.batch([many], ["INSERT INTO nowhere VALUES (1)"])).toMatchObject({ ok: false });
    expect(notes(pair)).toBe(1);
    pair.rows("INSERT INTO t VALUES (-1)");
    await expectReplicated(pair);
  });

  test("and what it holds of earlier transactions is not noted again after a restart", async () => {
    const pair = new Pair("CREATE TABLE t (a)", "INSERT INTO t VALUES (1)");
    pair.restart();
    pair.rows("INSERT INTO t VALUES (2)");
    expect(pair.lastChanges()).toMatchObject([{ images: [[2n, 2n]] }]);
    await expectReplicated(pair);
  });
});
