import { expect, test } from "vitest";

import { present } from "../../../shared/kernel/assert.ts";
import { readTables } from "../../../shared/sql/catalog.ts";
import { readUniqueKeys, type UniqueKey } from "../../../shared/sql/unique-keys.ts";
import { SqliteEngine } from "../../support/sqlite-engine.ts";

const keysOf = (...statements: string[]): UniqueKey[] => {
  const engine = new SqliteEngine();
  for (const sql of statements) engine.run(sql);
  return readUniqueKeys(engine, present(readTables(engine)[0], "the table"));
};

const part = (expression: string, collation: string | null) => ({ expression, collation });

test("the key that names the rows is none of them, every other one is", () => {
  expect(keysOf("CREATE TABLE t (id INTEGER PRIMARY KEY, a)")).toEqual([]);
  expect(keysOf("CREATE TABLE t (a PRIMARY KEY, b) WITHOUT ROWID")).toEqual([]);
  expect(keysOf("CREATE TABLE t (a PRIMARY KEY, b)")).toEqual([{ parts: [part('"a"', "BINARY")], where: null }]);
  expect(keysOf("CREATE TABLE t (a, b, UNIQUE (b, a))", "CREATE INDEX i ON t (a)")).toEqual([
    { parts: [part('"b"', "BINARY"), part('"a"', "BINARY")], where: null },
  ]);
});

test("a part is a column in the index's collation, or an expression as it is written; a partial index has a condition", () => {
  const table = "CREATE TABLE t (a TEXT COLLATE NOCASE, b, c)";
  expect(keysOf(table, "CREATE UNIQUE INDEX i ON t (a, b COLLATE RTRIM DESC)")).toEqual([
    { parts: [part('"a"', "NOCASE"), part('"b"', "RTRIM")], where: null },
  ]);
  expect(
    keysOf(
      table,
      "CREATE UNIQUE INDEX i ON t(c, coalesce(a, 'x, y') /* , */ ASC, (b || ')') COLLATE NOCASE) WHERE b IN (1, 2) -- end",
    ),
  ).toEqual([
    {
      parts: [part('"c"', "BINARY"), part("coalesce(a, 'x, y')", null), part("(b || ')') COLLATE NOCASE", null)],
      where: "b IN (1, 2)",
    },
  ]);
});
