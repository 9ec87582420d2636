import { describe, expect, test } from "vitest";

import { Undo } from "../../../shared/kernel/error.ts";
import { readTables, schemaObjects, schemaReplaces, type Table } from "../../../shared/sql/catalog.ts";
import { SqliteEngine } from "../../support/sqlite-engine.ts";

function engineWith(...statements: string[]): SqliteEngine {
  const engine = new SqliteEngine();
  for (const sql of statements) engine.run(sql);
  return engine;
}

const tableOf = (sql: string): Table | undefined => readTables(engineWith(sql))[0];

describe("a table as replication sees it", () => {
  test.each<[string, Partial<Table>]>([
    [
      "CREATE TABLE t (a, b)",
      { name: "t", columns: ["a", "b"], key: ["rowid"], withoutRowid: false, autoincrement: false },
    ],
    ["CREATE TABLE t (id INTEGER PRIMARY KEY, a)", { columns: ["id", "a"], key: ["rowid"] }],
    ["CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)", { autoincrement: true }],
    ["CREATE TABLE t (a DEFAULT 'AUTOINCREMENT', \"AUTOINCREMENT\")", { autoincrement: false }],
    [
      "CREATE TABLE t (a, b, c, PRIMARY KEY (c, a)) WITHOUT ROWID",
      { columns: ["a", "b", "c"], key: ["c", "a"], withoutRowid: true },
    ],
    [
      "CREATE TABLE t (a TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
      { key: ["a"], collations: ["BINARY"], withoutRowid: true },
    ],
    [
      "CREATE TABLE t (a COLLATE NOCASE, b COLLATE NOCASE, UNIQUE (b, a), PRIMARY KEY (b COLLATE RTRIM, a)) WITHOUT ROWID",
      { key: ["b", "a"], collations: ["RTRIM", "NOCASE"] },
    ],
    ["CREATE TABLE t (a TEXT COLLATE NOCASE PRIMARY KEY)", { key: ["rowid"], collations: ["BINARY"] }],
    ["CREATE TABLE t (a, b AS (a + 1), c AS (a + 2) STORED, d)", { columns: ["a", "d"] }],
    ["CREATE TABLE t (RowId, a)", { columns: ["RowId", "a"], key: ["_rowid_"] }],
    ["CREATE TABLE t (rowid INTEGER PRIMARY KEY, _ROWID_)", { key: ["oid"] }],
    ["CREATE TABLE t (rowid, _rowid_, oid PRIMARY KEY) WITHOUT ROWID", { key: ["oid"], withoutRowid: true }],
    [`CREATE TABLE "a""b'c" ("it's", "select")`, { name: `a"b'c`, columns: ["it's", "select"] }],
    ["CREATE TABLE [main] ([a b])", { name: "main", columns: ["a b"] }],
  ])("%s", (sql, table) => {
    expect(tableOf(sql)).toMatchObject(table);
  });

  test("one whose columns hide the rowid under all its names is refused", () => {
    expect(() => tableOf("CREATE TABLE t (rowid, oid, _rowid_)")).toThrow(Undo);
    expect(() => tableOf("CREATE TABLE t (rowid, oid, _rowid_)")).toThrow("Rename one");
  });
});

test("the schema is what the user made, in the order of its making", () => {
  const engine = engineWith(
    "CREATE TABLE b (id INTEGER PRIMARY KEY AUTOINCREMENT, u UNIQUE)",
    "CREATE TABLE _trefoil_x (a)",
    "CREATE TABLE _cf_x (a)",
    "CREATE INDEX a ON b (u)",
    "CREATE VIEW v AS SELECT 1",
    "CREATE TRIGGER _Trefoil_t AFTER INSERT ON b BEGIN SELECT 1; END",
    "ANALYZE",
  );
  expect(schemaObjects(engine).map(({ type, name }) => `${type} ${name}`)).toEqual(["table b", "index a", "view v"]);
  expect(readTables(engine).map(({ name }) => name)).toEqual(["b"]);
});

describe("rows can be replaced through the schema alone", () => {
  const table = "CREATE TABLE t (a, b)";
  test.each<[string, boolean]>([
    ["CREATE TABLE u (a UNIQUE ON CONFLICT REPLACE)", true],
    ["CREATE TABLE u (a, b, PRIMARY KEY (a, b) ON CONFLICT REPLACE) WITHOUT ROWID", true],
    ["CREATE TRIGGER x AFTER INSERT ON t BEGIN REPLACE INTO t VALUES (1, 2); END", true],
    ["CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE OR REPLACE t SET a = 1; END", true],
    ["CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t SET a = replace(a, 'x', 'y'); END", false],
    ["CREATE TABLE u (a CHECK (replace(a, 'x', '') <> ''), b UNIQUE ON CONFLICT IGNORE)", false],
    ["CREATE VIEW v AS SELECT replace(a, 'x', 'y') FROM t", false],
  ])("%s: %s", (sql, replaces) => {
    expect(schemaReplaces(engineWith(table, sql))).toBe(replaces);
  });
});
