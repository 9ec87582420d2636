import { describe, expect, test } from "vitest";

import type { Change } from "../../../shared/binlog/record.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import { expectReplicated } from "../../support/expect-replicated.ts";
import { Pair } from "../../support/pair.ts";

/** The row changes of the last record, as `table -key.. +image..` in short. */
const netChange = (pair: Pair): Record<string, { deleted: unknown[][]; images: unknown[][] }> =>
  Object.fromEntries(
    pair.lastChanges().flatMap((change: Change) =>
      change.type === "rows"
        ? [
            [
              change.table,
              {
                deleted: [...change.deleted].map((row) => [...row]),
                images: [...change.images].map((row) => [...row]),
              },
            ],
          ]
        : [],
    ),
  );

describe("a record holds what each touched row is after the transaction, once", () => {
  test("however often it changed within it", async () => {
    const pair = new Pair("CREATE TABLE t (a)");
    pair.batch(["INSERT INTO t VALUES (?)", 1], ["UPDATE t SET a = 2"], ["UPDATE t SET a = 3"]);
    expect(netChange(pair)).toEqual({ t: { deleted: [], images: [[1n, 3n]] } });
    await expectReplicated(pair);
  });

  test("a row that came and went is noted as gone", () => {
    const pair = new Pair("CREATE TABLE t (a)");
    pair.batch(["INSERT INTO t VALUES (?)", 1], ["DELETE FROM t"]);
    expect(netChange(pair)).toEqual({ t: { deleted: [[1n]], images: [] } });
  });

  test("a row that moved to another key is gone from the old one", async () => {
    const pair = new Pair("CREATE TABLE t (id INTEGER PRIMARY KEY, a)", "INSERT INTO t VALUES (1, 'x')");
    pair.rows("UPDATE t SET id = 9");
    expect(netChange(pair)).toEqual({ t: { deleted: [[1n]], images: [[9n, 9n, "x"]] } });
    await expectReplicated(pair);
  });

  test("nothing is noted of a statement that touches no row, or of a read", () => {
    const pair = new Pair("CREATE TABLE t (a)");
    const before = pair.primary.log.position;
    pair.rows("DELETE FROM t");
    pair.rows("UPDATE t SET a = 1 WHERE 0");
    pair.rows("INSERT INTO t SELECT 1 WHERE 0");
    pair.rows("SELECT * FROM t");
    pair.batch();
    expect(pair.primary.log.position).toBe(before);
  });

  test("of what happened outside, nothing: notes of earlier transactions are not read again", () => {
    const pair = new Pair("CREATE TABLE t (a)", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)");
    pair.rows("UPDATE t SET a = 3 WHERE a = 2");
    expect(netChange(pair)).toEqual({ t: { deleted: [], images: [[2n, 3n]] } });
  });
});

// The numbers are those of the pitfalls that are known of capture by triggers.
describe("known pitfalls of capture by triggers", () => {
  test("1: REPLACE deletes rows in its way without a word; they are noted as gone", async () => {
    const pair = new Pair(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE)",
      "INSERT INTO t VALUES (1, 'a'), (2, 'b')",
    );
    pair.rows("INSERT OR REPLACE INTO t VALUES (3, 'a')");
    expect(netChange(pair)).toEqual({ t: { deleted: [[1n]], images: [[3n, 3n, "a"]] } });
    pair.rows("UPDATE OR REPLACE t SET u = 'a' WHERE id = 2");
    expect(netChange(pair)).toEqual({ t: { deleted: [[3n]], images: [[2n, 2n, "a"]] } });
    await expectReplicated(pair);
  });

  test("1: also where a constraint of the table says so, though the row that pushed it out is gone again", async () => {
    const pair = new Pair(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE ON CONFLICT REPLACE)",
      "INSERT INTO t VALUES (1, 'a')",
    );
    pair.ship();
    pair.batch(["INSERT INTO t VALUES (2, 'a')"], ["DELETE FROM t WHERE id = 2"]);
    expect(netChange(pair)["t"]?.deleted).toEqual([[1n], [2n]]);
    await expectReplicated(pair);
  });

  test("1: also where a trigger of the user says so, though the row that pushed it out is gone again", async () => {
    const pair = new Pair(
      "CREATE TABLE t (a)",
      "CREATE TABLE latest (id INTEGER PRIMARY KEY, u UNIQUE)",
      "CREATE TRIGGER t_insert AFTER INSERT ON t BEGIN INSERT OR REPLACE INTO latest (u) VALUES (NEW.a); END",
      "INSERT INTO t VALUES ('x')",
      "INSERT INTO latest VALUES (9, 'y')",
    );
    pair.ship();
    pair.batch(["INSERT INTO t VALUES ('x')"], ["DELETE FROM latest WHERE id = (SELECT max(id) FROM latest)"]);
    expect(netChange(pair)["latest"]?.deleted).toEqual([[1n], [10n]]);
    await expectReplicated(pair);
  });

  test("2: a trigger that updates its own table runs once, also where the statement calls the function replace()", async () => {
    const pair = new Pair(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a, changed INT DEFAULT 0)",
      "CREATE TRIGGER touch AFTER UPDATE ON t BEGIN UPDATE t SET changed = OLD.changed + 1 WHERE id = NEW.id; END",
      "INSERT INTO t (a) VALUES ('xx')",
    );
    pair.rows("UPDATE t SET a = replace(a, 'x', 'y')");
    expect(pair.rows("SELECT a, changed FROM t")).toEqual([["yy", 1]]);
    await expectReplicated(pair);
  });

  test.each(["IGNORE", "REPLACE", "FAIL", "ABORT"])(
    "3: a conflict clause OR %s reaches into trigger bodies and loses no note",
    async (clause) => {
      const pair = new Pair("CREATE TABLE t (id INTEGER PRIMARY KEY, a)");
      pair.batch(
        ["INSERT INTO t VALUES (1, 'a')"],
        [`INSERT OR ${clause} INTO t VALUES (2, 'b'), (3, 'c')`],
        [`UPDATE OR ${clause} t SET a = 'd' WHERE id > 1`],
      );
      expect(netChange(pair)["t"]?.images).toEqual([
        [1n, 1n, "a"],
        [2n, 2n, "d"],
        [3n, 3n, "d"],
      ]);
      await expectReplicated(pair);
    },
  );

  test("5: in whatever order the triggers of the user and of the capture fire, the last state counts", async () => {
    const pair = new Pair(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)",
      "CREATE TRIGGER before_capture AFTER INSERT ON t BEGIN UPDATE t SET b = 'touched' WHERE id = NEW.id; END",
    );
    pair.rows("INSERT INTO t (id, a) VALUES (1, 5)");
    expect(netChange(pair)).toEqual({ t: { deleted: [], images: [[1n, 1n, 5n, "touched"]] } });
    pair.rows("ALTER TABLE t ADD COLUMN c");
    pair.rows("INSERT INTO t (id, a) VALUES (2, 6)");
    expect(netChange(pair)).toEqual({ t: { deleted: [], images: [[2n, 2n, 6n, "touched", null]] } });
    await expectReplicated(pair);
  });

  test("7: cascades of foreign keys are noted where they strike, also those of DROP TABLE", async () => {
    const pair = new Pair(
      "CREATE TABLE p (id INTEGER PRIMARY KEY)",
      "CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE)",
      "CREATE TABLE n (id INTEGER PRIMARY KEY, c REFERENCES c ON DELETE SET NULL)",
      "CREATE TABLE d (id INTEGER PRIMARY KEY, p DEFAULT 3 REFERENCES p ON DELETE SET DEFAULT)",
      "INSERT INTO p VALUES (1), (2), (3)",
      "INSERT INTO c VALUES (1, 1), (2, 2)",
      "INSERT INTO n VALUES (1, 1), (2, 2)",
      "INSERT INTO d VALUES (1, 1)",
    );
    pair.rows("DELETE FROM p WHERE id = 1");
    expect(netChange(pair)).toEqual({
      p: { deleted: [[1n]], images: [] },
      c: { deleted: [[1n]], images: [] },
      n: { deleted: [], images: [[1n, 1n, null]] },
      d: { deleted: [], images: [[1n, 1n, 3n]] },
    });
    pair.rows("UPDATE p SET id = 7 WHERE id = 2");
    expect(netChange(pair)["c"]).toEqual({ deleted: [], images: [[2n, 2n, 7n]] });
    await expectReplicated(pair);
    pair.rows("DROP TABLE d");
    pair.rows("DROP TABLE p");
    expect(netChange(pair)).toEqual({
      c: { deleted: [[2n]], images: [] },
      n: { deleted: [], images: [[2n, 2n, null]] },
    });
    await expectReplicated(pair);
  });

  test("7: DROP TABLE of a table that refers to itself", async () => {
    const tree = "CREATE TABLE tree (id INTEGER PRIMARY KEY, up REFERENCES tree ON DELETE CASCADE)";
    const pair = new Pair(
      tree,
      "INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2)",
      "DROP TABLE tree",
      tree,
      "INSERT INTO tree VALUES (4, NULL), (5, 4)",
    );
    await expectReplicated(pair);
    pair.batch(
      ["DROP TABLE tree"],
      ["CREATE TABLE tree (x PRIMARY KEY) WITHOUT ROWID"],
      ["INSERT INTO tree VALUES (7)"],
    );
    expect(netChange(pair)).toEqual({ tree: { deleted: [], images: [[7n]] } });
    await expectReplicated(pair);
  });

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

  test("24: CREATE TABLE AS is a schema and its rows, not run again", async () => {
    const pair = new Pair();
    pair.rows("CREATE TABLE t AS SELECT value AS a, random() AS b FROM json_each('[1,2,3]')");
    expect(pair.lastChanges()[0]).toEqual({ type: "schema", sql: "CREATE TABLE t(a,b)" });
    expect(netChange(pair)["t"]?.images).toHaveLength(3);
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
});

describe("names may be odd", () => {
  test.each([`a"b`, "it's", "select", "a b", "a;b--", "[x]", "`y`", "trigger", "ümläut", "%_", "k0", "tbl"])(
    "%s",
    async (name) => {
      const quoted = `"${name.replaceAll('"', '""')}"`;
      const pair = new Pair(
        `CREATE TABLE ${quoted} (${quoted} TEXT, "${name.length}" INT, PRIMARY KEY (${quoted})) WITHOUT ROWID`,
        `INSERT INTO ${quoted} VALUES ('x', 1), ('y', 2)`,
        `CREATE TRIGGER ${quoted.replace('"', '"t ')} AFTER DELETE ON ${quoted} BEGIN UPDATE ${quoted} SET "${name.length}" = 3; END`,
        `CREATE INDEX ${quoted.replace('"', '"i ')} ON ${quoted} (${quoted})`,
      );
      pair.rows(`UPDATE ${quoted} SET ${quoted} = 'z' WHERE ${quoted} = ?`, "x");
      pair.rows(`DELETE FROM ${quoted} WHERE ${quoted} = 'y'`);
      await expectReplicated(pair);
      pair.rows(`ALTER TABLE ${quoted} RENAME TO ${quoted.replace('"', '"new ')}`);
      pair.rows(`UPDATE ${quoted.replace('"', '"new ')} SET ${quoted} = 'w'`);
      await expectReplicated(pair);
    },
  );
});

describe("one transaction is bounded", () => {
  const rows = (count: number) =>
    `INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) SELECT i FROM n`;

  test(`by ${limits.transactionRows} notes: one more, and all of it is undone`, async () => {
    const pair = new Pair("CREATE TABLE t (a)");
    expect(pair.execute(rows(limits.transactionRows))).toMatchObject({ ok: true });
    expect(pair.lastChanges()[0]).toMatchObject({ type: "rows", images: { length: limits.transactionRows } });
    expect(pair.execute(rows(limits.transactionRows + 1))).toMatchObject({ ok: false, code: "transaction-too-large" });
    expect(pair.rows("SELECT count(*) FROM t")).toEqual([[limits.transactionRows]]);
    expect(pair.execute(rows(3))).toMatchObject({ ok: true });
    expect(pair.lastChanges()[0]).toMatchObject({ images: { length: 3 } });
  });

  test(`by ${limits.recordBytes} bytes, of which no more are read into memory`, async () => {
    const pair = new Pair("CREATE TABLE t (a)");
    const blob = limits.recordBytes / 16;
    let pages = 0;
    pair.primaryEngine.beforeRun = (sql) => (pages += sql.startsWith("SELECT format") ? 1 : 0);
    expect(
      pair.execute(`INSERT INTO t SELECT zeroblob(${blob}) FROM json_each('[${Array(50).fill(0).join()}]')`),
    ).toMatchObject({ ok: false, code: "transaction-too-large" });
    expect(pages).toBe(1);
    const text = `printf('%.*c', ${blob / 2}, 'é')`;
    expect(pair.execute(`INSERT INTO t SELECT ${text} FROM json_each('[${Array(17).fill(0).join()}]')`)).toMatchObject({
      ok: false,
      code: "transaction-too-large",
    });
    expect(
      pair.execute(`INSERT INTO t SELECT zeroblob(${blob}) FROM json_each('[${Array(15).fill(0).join()}]')`),
    ).toMatchObject({ ok: true });
    await expectReplicated(pair);
  });
});
