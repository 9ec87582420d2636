import { describe, expect, test } from "vitest";

import { limits } from "../../../shared/kernel/limits.ts";
import { expectReplicated } from "../../support/expect-replicated.ts";
import { netChange } from "../../support/net-change.ts";
import { Pair } from "../../support/pair.ts";

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
