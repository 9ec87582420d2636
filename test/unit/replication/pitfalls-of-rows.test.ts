import { describe, expect, test } from "vitest";

import { limits } from "../../../shared/kernel/limits.ts";
import { expectReplicated } from "../../support/expect-replicated.ts";
import { netChange } from "../../support/net-change.ts";
import { Pair } from "../../support/pair.ts";

// See pitfalls.test.ts for the numbers.
describe("known pitfalls of capture by triggers: keys, values, counters, schema", () => {
  test("8: unique values may change hands in one transaction", async () => {
    const pair = new Pair(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE)",
      "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')",
    );
    pair.ship();
    pair.batch(
      ["UPDATE t SET u = 'x' WHERE id = 1"],
      ["UPDATE t SET u = 'a' WHERE id = 2"],
      ["UPDATE t SET u = 'b' WHERE id = 3"],
      ["UPDATE t SET u = 'c' WHERE id = 1"],
    );
    await expectReplicated(pair);
    expect(pair.replicaEngine.run("SELECT u FROM t ORDER BY id").rows).toEqual([["c"], ["a"], ["b"]]);
    pair.batch(["UPDATE t SET id = -id"], ["UPDATE t SET id = 4 + id"]);
    await expectReplicated(pair);
  });

  test("9, 29: an update leaves the rows that it did not reach out of the record", () => {
    const pair = new Pair("CREATE TABLE t (a)", "INSERT INTO t VALUES (1), (2), (3)", "UPDATE t SET a = a WHERE a = 2");
    expect(netChange(pair)).toEqual({ t: { deleted: [], images: [[2n, 2n]] } });
  });

  test("10: a table WITHOUT ROWID is keyed by its primary key, in the collation of its columns", async () => {
    const pair = new Pair(
      "CREATE TABLE t (n, a TEXT COLLATE NOCASE, b INT, PRIMARY KEY (a, b)) WITHOUT ROWID",
      "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 1)",
    );
    pair.rows("UPDATE t SET a = 'A' WHERE a = 'a'");
    expect(netChange(pair)).toEqual({ t: { deleted: [], images: [[1n, "A", 1n]] } });
    pair.rows("UPDATE t SET b = 2 WHERE a = 'B'");
    expect(netChange(pair)).toEqual({ t: { deleted: [["b", 1n]], images: [[2n, "b", 2n]] } });
    await expectReplicated(pair);
  });

  test("10: also where that is another one than the primary key's own", async () => {
    const pair = new Pair(
      "CREATE TABLE t (a TEXT COLLATE NOCASE, n, PRIMARY KEY (a COLLATE BINARY)) WITHOUT ROWID",
      "INSERT INTO t VALUES ('a', 1), ('A', 2), ('b', 3)",
    );
    pair.ship();
    pair.rows("DELETE FROM t WHERE n = 1");
    expect(netChange(pair)).toEqual({ t: { deleted: [["a"]], images: [] } });
    pair.rows("UPDATE t SET a = 'B' WHERE n = 3");
    expect(netChange(pair)).toEqual({ t: { deleted: [["b"]], images: [["B", 3n]] } });
    await expectReplicated(pair);
  });

  test("10: its keys are told apart by their storage class", async () => {
    const pair = new Pair(
      "CREATE TABLE t (k PRIMARY KEY) WITHOUT ROWID",
      "INSERT INTO t VALUES (5), ('5'), ('05'), (x'35'), (5.5)",
    );
    pair.ship();
    pair.rows("DELETE FROM t WHERE k = 5");
    await expectReplicated(pair);
    expect(pair.replicaEngine.run("SELECT count(*) FROM t").rows).toEqual([[4]]);
  });

  test("11: a table without a key of its own is keyed by its rowid, also where a column hides that name", async () => {
    const pair = new Pair(
      "CREATE TABLE t (a PRIMARY KEY)",
      "CREATE TABLE s (rowid, _rowid_ TEXT)",
      "CREATE TABLE r (ROWID INTEGER PRIMARY KEY, oid)",
    );
    pair.batch(
      ["INSERT INTO t VALUES (NULL), (NULL)"],
      ["INSERT INTO s VALUES (7, 'x'), (7, 'x')"],
      ["INSERT INTO r VALUES (7, 'x')"],
    );
    pair.batch(["DELETE FROM t WHERE rowid = 1"], ["UPDATE s SET rowid = 8 WHERE oid = 2"], ["UPDATE r SET rowid = 9"]);
    expect(netChange(pair)).toEqual({
      t: { deleted: [[1n]], images: [] },
      s: { deleted: [], images: [[2n, 8n, "x"]] },
      r: { deleted: [[7n]], images: [[9n, 9n, "x"]] },
    });
    await expectReplicated(pair);
  });

  test("12: a rowid that SQLite chooses is the one in the record", async () => {
    const pair = new Pair(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a)",
      "INSERT INTO t VALUES (9223372036854775807, 'last')",
    );
    pair.rows("INSERT INTO t (a) VALUES ('somewhere')");
    await expectReplicated(pair);
  });

  test("13: an AUTOINCREMENT counter that moved without leaving a row", async () => {
    const pair = new Pair("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a)", "INSERT INTO t (a) VALUES (1)");
    pair.batch(["INSERT INTO t VALUES (900, 1)"], ["DELETE FROM t"]);
    await expectReplicated(pair);
    expect(pair.replicaEngine.run("SELECT seq FROM sqlite_sequence").rows).toEqual([[900]]);
  });

  test("13: a counter that was moved or taken away right before its table got another name", async () => {
    const pair = new Pair(
      "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)",
      "CREATE TABLE s (id INTEGER PRIMARY KEY AUTOINCREMENT)",
    );
    pair.batch(["INSERT INTO t VALUES (5)"], ["INSERT INTO s VALUES (5)"]);
    pair.batch(
      ["DELETE FROM sqlite_sequence WHERE name = 't'"],
      ["ALTER TABLE t RENAME TO u"],
      ["UPDATE sqlite_sequence SET seq = 9 WHERE name = 's'"],
      ["ALTER TABLE s RENAME TO t"],
    );
    await expectReplicated(pair);
    expect(pair.replicaEngine.run("SELECT name, seq FROM sqlite_sequence ORDER BY seq").rows).toEqual([["t", 9]]);
  });

  test("13: a counter at its end is an error of the statement, and the transaction before it is undone alone", async () => {
    const pair = new Pair(
      "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a)",
      "INSERT INTO t VALUES (9223372036854775807, 'last')",
    );
    const { position } = pair.primary.log;
    const message = expect.stringContaining("counter of the table is used up") as string;
    for (const sql of [
      "INSERT INTO t (a) VALUES (1)",
      "INSERT OR IGNORE INTO t VALUES (NULL, 1)",
      "INSERT INTO t (a) SELECT 1 UNION ALL SELECT 2",
    ])
      expect(pair.batch(["UPDATE t SET a = 'lost'"], [sql])).toMatchObject({ ok: false, code: "sql-error", message });
    expect(pair.primary.log.position).toEqual(position);
    pair.rows("DELETE FROM sqlite_sequence");
    expect(pair.execute("INSERT INTO t (a) VALUES (1)")).toMatchObject({ ok: false, code: "sql-error", message });
    pair.rows("INSERT INTO t VALUES (5, 'there is room below')");
    await expectReplicated(pair);
  });

  test("14: generated columns are computed anew, not written", async () => {
    const pair = new Pair("CREATE TABLE t (a INT, v AS (a * 2), b, s AS (a || '!') STORED UNIQUE, c)");
    pair.rows("INSERT INTO t (a, b, c) VALUES (1, 'b', 'c')");
    expect(netChange(pair)).toEqual({ t: { deleted: [], images: [[1n, 1n, "b", "c"]] } });
    await expectReplicated(pair);
  });

  test("15-18: doubles, 64-bit integers, bytes, NUL and text that is no UTF-8 keep every bit", async () => {
    const pair = new Pair("CREATE TABLE t (a, b)");
    pair.rows("INSERT INTO t VALUES (?, ?)", 0.1 + 0.2, 5e-324);
    pair.rows("INSERT INTO t VALUES (?, ?)", 2n ** 53n + 1n, -(2n ** 63n));
    pair.rows("INSERT INTO t VALUES (?, ?)", new Uint8Array([0, 255]), "a\0b");
    pair.rows("INSERT INTO t VALUES (9e999, -9e999)");
    pair.rows("INSERT INTO t VALUES (CAST(x'c328' AS TEXT), '\ufffd')");
    await expectReplicated(pair);
    expect(pair.replicaEngine.run("SELECT hex(a), b FROM t WHERE rowid = 5").rows).toEqual([["C328", "\ufffd"]]);
  });

  test("16, 19: a whole number is stored as one, in a column of any type", async () => {
    const pair = new Pair("CREATE TABLE t (a TEXT, b, c ANY, d REAL)");
    pair.rows("INSERT INTO t VALUES (?1, ?1, ?1, ?1)", 5);
    expect(pair.rows("SELECT a, typeof(b), typeof(c), typeof(d) FROM t WHERE b = ? LIMIT ?", 5, 1)).toEqual([
      ["5", "integer", "integer", "real"],
    ]);
    await expectReplicated(pair);
  });

  test("19: what JavaScript has and SQLite has not is refused, not changed", () => {
    const pair = new Pair("CREATE TABLE t (a)");
    for (const value of [Number.NaN, Infinity, -Infinity, 2n ** 63n, undefined, new Date(0), [1]])
      expect(pair.execute("INSERT INTO t VALUES (?)", value as never)).toMatchObject({
        ok: false,
        code: "bad-request",
      });
    pair.rows("INSERT INTO t VALUES (?)", true);
    expect(pair.rows("SELECT typeof(a), a FROM t")).toEqual([["integer", 1]]);
  });

  test("20: the note-book has no types: keys of a TEXT and of a BLOB come back as what they are", async () => {
    const pair = new Pair(
      "CREATE TABLE t (k TEXT, l BLOB, PRIMARY KEY (k, l)) WITHOUT ROWID",
      "INSERT INTO t VALUES ('5', 5), ('5', '5'), ('5', x'35')",
    );
    pair.ship();
    pair.rows("DELETE FROM t WHERE typeof(l) = 'text'");
    expect(netChange(pair)["t"]?.deleted).toEqual([["5", "5"]]);
    await expectReplicated(pair);
  });

  test("21: changes() and last_insert_rowid() are those of the user's statements, beside REPLACE as well", () => {
    const pair = new Pair("CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE)", "CREATE TABLE seen (changed, last)");
    pair.batch(
      ["INSERT INTO t VALUES (41, 'a'), (42, 'b')"],
      ["REPLACE INTO seen SELECT changes(), last_insert_rowid()"],
      ["UPDATE OR REPLACE t SET u = 'c'"],
      ["INSERT INTO seen SELECT changes(), last_insert_rowid()"],
    );
    expect(pair.rows("SELECT * FROM seen")).toEqual([
      [2, 42],
      [2, 1],
    ]);
  });

  test("22: OR FAIL keeps the rows before the one that failed in SQLite; here the transaction is undone", async () => {
    const pair = new Pair("CREATE TABLE t (a UNIQUE)", "INSERT INTO t VALUES (2)");
    expect(pair.execute("INSERT OR FAIL INTO t VALUES (1), (2), (3)")).toMatchObject({ ok: false, code: "sql-error" });
    expect(pair.rows("SELECT a FROM t")).toEqual([[2]]);
    await expectReplicated(pair);
  });

  test("23: a change of schema leaves no trigger stale: added, renamed and dropped columns, tables and keys", async () => {
    const pair = new Pair(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a)",
      "CREATE TABLE w (k PRIMARY KEY, v) WITHOUT ROWID",
      "INSERT INTO w VALUES (1, 1)",
    );
    const writes = (table: string) =>
      pair.batch(
        ["INSERT INTO t DEFAULT VALUES"],
        [`UPDATE ${table} SET v = v + 1`],
        ["DELETE FROM t WHERE id % 3 = 0"],
      );
    for (const sql of [
      "ALTER TABLE t ADD COLUMN b DEFAULT 7",
      "ALTER TABLE t RENAME COLUMN a TO c",
      "ALTER TABLE w RENAME COLUMN k TO key",
      "ALTER TABLE t DROP COLUMN c",
      "ALTER TABLE w RENAME TO x",
      "CREATE TABLE w (k PRIMARY KEY, v INT) WITHOUT ROWID",
      "INSERT INTO w SELECT key, v FROM x",
      "DROP TABLE x",
      "CREATE UNIQUE INDEX t_b ON t (id, b)",
    ]) {
      expect(pair.execute(sql)).toMatchObject({ ok: true });
      expect([writes("w"), writes("x")]).toContainEqual(expect.objectContaining({ ok: true }) as object);
      await expectReplicated(pair);
    }
  });

  test("24: CREATE TABLE AS is a schema and its rows, not run again", async () => {
    const pair = new Pair();
    pair.rows("CREATE TABLE t AS SELECT value AS a, random() AS b FROM json_each('[1,2,3]')");
    expect(pair.lastChanges()[0]).toEqual({ type: "schema", sql: "CREATE TABLE t(a,b)" });
    expect(netChange(pair)["t"]?.images).toHaveLength(3);
    await expectReplicated(pair);
  });

  test("24: a table rebuild, as ORMs do it, in one batch with rows before and after", async () => {
    const pair = new Pair(
      "CREATE TABLE post (id INTEGER PRIMARY KEY, title TEXT, old)",
      "CREATE TABLE tag (post REFERENCES post (id), name)",
      "CREATE INDEX post_title ON post (title)",
      "CREATE TRIGGER post_touch AFTER INSERT ON post BEGIN UPDATE post SET old = hex(randomblob(2)) WHERE id = NEW.id; END",
      "INSERT INTO post (title) VALUES ('b'), ('a')",
    );
    const outcome = pair.batch(
      ["INSERT INTO post (title) VALUES ('before')"],
      [
        "CREATE TABLE new_post (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, made TEXT DEFAULT CURRENT_TIMESTAMP)",
      ],
      ["INSERT INTO new_post (title) SELECT title FROM post ORDER BY random()"],
      ["DROP TABLE post"],
      ["ALTER TABLE new_post RENAME TO post"],
      ["CREATE INDEX post_title ON post (title)"],
      ["INSERT INTO tag SELECT max(id), 'after' FROM post"],
    );
    expect(outcome).toMatchObject({ ok: true });
    await expectReplicated(pair);
  });

  test("24: a batch of rows and schema that fails half-way leaves nothing", async () => {
    const pair = new Pair("CREATE TABLE t (a UNIQUE)", "INSERT INTO t VALUES (1)");
    const { position } = pair.primary.log;
    const before = (await pair.dumps()).primary;
    const outcome = pair.batch(
      ["INSERT OR REPLACE INTO t VALUES (1), (2)"],
      ["CREATE TABLE u AS SELECT * FROM t"],
      ["ALTER TABLE t ADD COLUMN b"],
      ["DROP TABLE u"],
      ["INSERT INTO t (a) VALUES (2)"],
    );
    expect(outcome).toMatchObject({ ok: false, code: "sql-error" });
    expect(pair.primary.log.position).toEqual(position);
    expect((await pair.dumps()).primary).toEqual(before);
    pair.rows("INSERT INTO t VALUES (3)");
    await expectReplicated(pair);
  });

  test("26: a table of 100 columns, with 100 of them stored, is captured whole", async () => {
    const columns = Array.from({ length: 100 }, (_, at) => `c${at}`);
    const pair = new Pair(
      `CREATE TABLE t (${columns.join(", ")})`,
      `CREATE TABLE w (${columns.join(", ")}, PRIMARY KEY (c3, c99)) WITHOUT ROWID`,
    );
    for (const table of ["t", "w"]) {
      pair.rows(`INSERT INTO ${table} VALUES (${columns.map((_, at) => `${at}.5`).join(", ")})`);
      expect(netChange(pair)[table]?.images[0]?.slice(-100)).toEqual(columns.map((_, at) => at + 0.5));
      await expectReplicated(pair);
    }
    pair.batch(
      ["UPDATE t SET c95 = 9223372036854775807, c96 = CAST(x'ff' AS TEXT)"],
      ["UPDATE w SET c99 = 9223372036854775806"],
    );
    await expectReplicated(pair);
  });

  test("26: a row near 2 MB arrives; a larger one is refused, whatever made it", async () => {
    const pair = new Pair("CREATE TABLE t (a, b)");
    pair.rows(`INSERT INTO t VALUES (randomblob(${limits.rowBytes - 200}), printf('%.*c', 50, 'é'))`);
    await expectReplicated(pair);
    const { position } = pair.primary.log;
    for (const value of [
      "zeroblob(2000001)",
      "replace(printf('%.*c', 1000, 'x'), 'x', printf('%.*c', 2001, 'y'))",
      "printf('%.*c', 1000001, 'é')",
    ])
      expect(pair.execute(`INSERT INTO t VALUES (${value}, 1)`)).toMatchObject({
        ok: false,
        code: "statement-refused",
      });
    expect(pair.execute("INSERT INTO t VALUES (zeroblob(1500000), zeroblob(1500000))")).toMatchObject({ ok: false });
    expect(pair.execute("UPDATE t SET b = (SELECT group_concat(hex(a)) FROM t)")).toMatchObject({
      ok: false,
      code: "statement-refused",
    });
    expect(pair.primary.log.position).toEqual(position);
  });

  test.each([
    ["a table without a key", "(a, b)", 9 + 9 + 2],
    ["a table with a rowid of its own", "(a INTEGER PRIMARY KEY, b)", 9 + 9 + 2],
    ["a table WITHOUT ROWID", "(a PRIMARY KEY, b) WITHOUT ROWID", 9 + 2],
  ])("26: a row of %s may take the bound to the byte, and not one more", async (_, columns, beside) => {
    const pair = new Pair(`CREATE TABLE t ${columns}`);
    const room = limits.rowBytes - beside;
    for (const value of ["zeroblob(%)", "randomblob(%)", "'é' || printf('%.*c', % - 2, 'x')"]) {
      const sized = (bytes: number) => value.replace(/%(?!\.)/, String(bytes));
      pair.rows(`REPLACE INTO t VALUES (1, ${sized(room)})`);
      await expectReplicated(pair);
      const { position } = pair.primary.log;
      for (const sql of [`REPLACE INTO t VALUES (1, ${sized(room + 1)})`, "UPDATE t SET b = b || 'x'"]) {
        expect(pair.batch(["INSERT INTO t VALUES (2, 'x')"], [sql])).toMatchObject({
          ok: false,
          code: "statement-refused",
        });
        expect(pair.primary.log.position).toEqual(position);
      }
      expect(pair.rows("SELECT count(*), max(length(CAST(b AS BLOB))) FROM t")).toEqual([[1, room]]);
      pair.rows("DELETE FROM t");
    }
  });

  test("28: DELETE without WHERE, which SQLite could do by dropping all pages, notes every row", async () => {
    const pair = new Pair("CREATE TABLE t (a)", "INSERT INTO t VALUES (1), (2), (3)");
    pair.ship();
    expect(pair.execute("DELETE FROM t")).toMatchObject({ results: [{ changes: 3 }] });
    expect(netChange(pair)["t"]?.deleted).toEqual([[1n], [2n], [3n]]);
    await expectReplicated(pair);
  });
});
