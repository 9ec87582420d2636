import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { imageColumns, readImages } from "../../../shared/binlog/images.ts";
import { present } from "../../../shared/kernel/assert.ts";
import { readTables, type Table } from "../../../shared/sql/catalog.ts";
import { boundAs, type Value } from "../../../shared/sql/value.ts";
import { anyValue } from "../../support/changes.ts";
import { SqliteEngine } from "../../support/sqlite-engine.ts";

function tableIn(engine: SqliteEngine, sql: string): Table {
  engine.run(sql);
  return present(readTables(engine)[0], "the table");
}

const keys = (...values: number[]) => ({
  sql: `SELECT CAST(value AS INTEGER) AS k0 FROM json_each(?)`,
  binds: [JSON.stringify(values)],
});

test("an image leads with the rowid where there is one, and leaves out generated columns", () => {
  const engine = new SqliteEngine();
  expect(imageColumns(tableIn(engine, "CREATE TABLE t (a, b AS (a), c)"))).toEqual(["rowid", "a", "c"]);
  engine.run("DROP TABLE t");
  expect(imageColumns(tableIn(engine, "CREATE TABLE t (a, b, PRIMARY KEY (b)) WITHOUT ROWID"))).toEqual(["a", "b"]);
});

test("a row that is gone has a key and no image, one of NULLs has an image", () => {
  const engine = new SqliteEngine();
  const table = tableIn(engine, "CREATE TABLE t (a)");
  engine.run("INSERT INTO t VALUES (NULL)");
  expect(readImages(engine, table, keys(1, 2))).toEqual([
    { key: [1n], image: [1n, null] },
    { key: [2n], image: undefined },
  ]);
});

/** An SqliteEngine that counts the queries made on it. */
function counting(): { engine: SqliteEngine; queries: () => number } {
  const engine = new SqliteEngine();
  let queries = 0;
  engine.beforeRun = (sql) => (queries += sql.startsWith("SELECT format") || sql.startsWith("SELECT CASE") ? 1 : 0);
  return { engine, queries: () => queries };
}

test("any values of any rows are read to the bit", () => {
  const row = fc.tuple(anyValue, anyValue, anyValue);
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 8 }), (rows) => {
      const engine = new SqliteEngine();
      const table = tableIn(engine, "CREATE TABLE t (a, b, c)");
      for (const values of rows) {
        const bound = values.map((value, at) => boundAs(value, at + 1));
        engine.run(
          `INSERT INTO t VALUES (${bound.map(({ expression }) => expression).join(", ")})`,
          ...bound.map(({ bind }) => bind),
        );
      }
      const found = readImages(engine, table, keys(...rows.keys().map((at) => at + 1)));
      expect(found.map(({ image }) => image?.slice(1))).toEqual(rows.map((values) => values.map(asRead)));
    }),
    { numRuns: 200 },
  );
});

/** How a value is read: text keeps its bytes only where a string would not give them back. */
function asRead(value: Value): Value {
  const text =
    typeof value === "string"
      ? new TextEncoder().encode(value)
      : value !== null && typeof value === "object" && "rawText" in value
        ? value.rawText
        : undefined;
  if (text === undefined) return value;
  const decoded = new TextDecoder("utf-8", { ignoreBOM: true }).decode(text);
  return decoded.includes("\ufffd") ? { rawText: text } : decoded;
}

describe("a second look is taken only at columns with a value that JavaScript may have changed", () => {
  test.each([
    ["5, 'x', 1.5", 1],
    ["9007199254740991, 'x', 1.5", 1],
    ["9007199254740993, 'x', 1.5", 2],
    ["9007199254740993, '\ufffd', 1.5", 3],
    ["5, CAST(x'ff' AS TEXT), 9e999", 2],
  ])("%s: %i queries", (values, expected) => {
    const { engine, queries } = counting();
    const table = tableIn(engine, "CREATE TABLE t (a, b, c)");
    engine.run(`INSERT INTO t VALUES (${values}), (1, 'y', 2)`);
    readImages(engine, table, keys(1, 2));
    expect(queries()).toBe(expected);
  });

  test("once for all rows of the page", () => {
    const { engine, queries } = counting();
    const table = tableIn(engine, "CREATE TABLE t (a)");
    engine.run("INSERT INTO t VALUES (9007199254740993), (1), (-9223372036854775808), ('9007199254740993')");
    expect(readImages(engine, table, keys(4, 1, 3, 2)).map(({ image }) => image?.[1])).toEqual([
      9007199254740993n,
      1n,
      -(2n ** 63n),
      "9007199254740993",
    ]);
    expect(queries()).toBe(2);
  });
});

test("a row of more values than one query may give is read in parts that fit together", () => {
  const { engine, queries } = counting();
  const columns = Array.from({ length: 99 }, (_, at) => `c${at}`);
  const table = tableIn(engine, `CREATE TABLE t (${columns.join(", ")})`);
  for (const first of [100, 200]) engine.run(`INSERT INTO t VALUES (${columns.map((_, at) => first + at).join(", ")})`);
  const found = readImages(engine, table, keys(2, 1));
  expect(found.map(({ image }) => image)).toEqual(
    [1, 2].map((row) => [BigInt(row), ...columns.map((_, at) => BigInt(row * 100 + at))]),
  );
  expect(queries()).toBe(2);
});
