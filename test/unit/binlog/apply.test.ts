import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { applyRows, applySequence } from "../../../shared/binlog/apply.ts";
import type { RowChange } from "../../../shared/binlog/record.ts";
import { AssertionError, present } from "../../../shared/kernel/assert.ts";
import { readTables } from "../../../shared/sql/catalog.ts";
import type { Value } from "../../../shared/sql/value.ts";
import { SqliteEngine } from "../../support/sqlite-engine.ts";

function replicaWith(...statements: string[]) {
  const engine = new SqliteEngine();
  engine.run("PRAGMA foreign_keys = OFF");
  for (const sql of statements) engine.run(sql);
  const table = present(readTables(engine)[0], "the table");
  const apply = (deleted: Value[][], images: Value[][]) => {
    const change: RowChange = { type: "rows", table: table.name, deleted, images };
    engine.transaction(() => applyRows(engine, table, change));
  };
  return { engine, apply, rows: () => engine.run("SELECT * FROM t ORDER BY 1").rows };
}

describe("rows become what the record says", () => {
  test("new, changed and gone", () => {
    const { apply, rows } = replicaWith(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a)",
      "INSERT INTO t VALUES (1, 'x'), (2, 'y')",
    );
    apply(
      [[1n]],
      [
        [2n, 2n, "z"],
        [3n, 3n, null],
      ],
    );
    expect(rows()).toEqual([
      [2, "z"],
      [3, null],
    ]);
  });

  test("twice the same is the same as once", () => {
    const { apply, rows } = replicaWith("CREATE TABLE t (id INTEGER PRIMARY KEY, a)", "INSERT INTO t VALUES (1, 'x')");
    for (let time = 0; time < 2; time += 1) apply([[1n]], [[2n, 2n, "z"]]);
    expect(rows()).toEqual([[2, "z"]]);
  });

  test("unique values may change hands in any order", () => {
    const order = fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { minLength: 5, maxLength: 5 });
    const start = "INSERT INTO t VALUES (1, 'v1'), (2, 'v2'), (3, 'v3'), (4, 'v4'), (5, 'v5')";
    fc.assert(
      fc.property(order, order, (values, sequence) => {
        const { apply, rows } = replicaWith("CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE)", start);
        apply(
          [],
          sequence.map((id) => [BigInt(id), BigInt(id), `v${values[id - 1]}`]),
        );
        expect(rows()).toEqual(values.map((value, at) => [at + 1, `v${value}`]));
      }),
      { numRuns: 50 },
    );
  });

  test("in a table WITHOUT ROWID, by the whole key", () => {
    const { apply, rows } = replicaWith(
      "CREATE TABLE t (a, b, c, PRIMARY KEY (b, a)) WITHOUT ROWID",
      "INSERT INTO t VALUES (1, 1, 'x'), (1, 2, 'y'), (2, 1, 'z')",
    );
    apply([[2n, 1n]], [[1n, 1n, "w"]]);
    expect(rows()).toEqual([
      [1, 1, "w"],
      [2, 1, "z"],
    ]);
  });

  test("a key of NULL deletes nothing", () => {
    const { apply, rows } = replicaWith("CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)");
    apply([[null]], []);
    expect(rows()).toEqual([[1]]);
  });

  test("though a child row points to nothing on the way", () => {
    const { apply, rows } = replicaWith(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, p REFERENCES t ON DELETE CASCADE)",
      "INSERT INTO t VALUES (1, NULL), (2, 1)",
    );
    apply([[1n]], []);
    expect(rows()).toEqual([[2, 1]]);
  });
});

test.each<[string, Value[][], Value[][]]>([
  ["a key", [[1n, 2n]], []],
  ["an image", [], [[1n, 2n]]],
])("%s of another width than the table's is a bug, and nothing is changed", (_, deleted, images) => {
  const { apply, rows } = replicaWith("CREATE TABLE t (id INTEGER PRIMARY KEY, a)", "INSERT INTO t VALUES (7, 7)");
  expect(() => apply(deleted, [[8n, 8n, 8n], ...images])).toThrow(AssertionError);
  expect(rows()).toEqual([[7, 7]]);
});

test("AUTOINCREMENT counters are set, over 64 bits, and taken away", () => {
  const { engine } = replicaWith("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)", "INSERT INTO t VALUES (5)");
  const counter = () => engine.run("SELECT typeof(seq), CAST(seq AS TEXT) FROM sqlite_sequence WHERE name = 't'").rows;
  applySequence(engine, { type: "sequence", table: "t", value: 2n ** 63n - 2n });
  expect(counter()).toEqual([["integer", "9223372036854775806"]]);
  applySequence(engine, { type: "sequence", table: "t", value: null });
  expect(counter()).toEqual([]);
});
