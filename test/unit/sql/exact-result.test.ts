import { describe, expect, test } from "vitest";

import type { Argument } from "../../../shared/sql/parameters.ts";
import type { Integers } from "../../../shared/sql/exact-result.ts";
import { expectReplicated } from "../../support/expect-replicated.ts";
import { Pair } from "../../support/pair.ts";

const pair = new Pair(
  "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)",
  "INSERT INTO t VALUES (1, 9007199254740993, 9007199254740994.0), (2, -9223372036854775808, 'i5'), (3, 5, 5.0), (4, x'69', 't')",
);

function run(integers: Integers, sql: string, ...parameters: Argument[]) {
  const outcome = pair.primary.execute([{ sql, parameters, integers }], 0);
  return outcome.ok ? outcome.results[0] : outcome;
}

describe("asked for bigints, every INTEGER of a result is one and no REAL is", () => {
  test("in a query", () => {
    expect(run("bigint", "SELECT a, b, typeof(a) AS c FROM t ORDER BY id")).toMatchObject({
      columns: ["a", "b", "c"],
      rows: [
        [9007199254740993n, 9007199254740994, "integer"],
        [-9223372036854775808n, "i5", "integer"],
        [5n, 5, "integer"],
        [new Uint8Array([105]).buffer, "t", "blob"],
      ],
    });
    expect(run("bigint", "SELECT 'a' || char(0) || 'b', NULL, -0.0, 9e999, ?", 7)).toMatchObject({
      columns: ["'a' || char(0) || 'b'", "NULL", "-0.0", "9e999", "?"],
      rows: [["a\0b", null, -0, Infinity, 7n]],
    });
  });

  test("of 100 columns, of equal names, ordered, with its own WITH or VALUES", () => {
    const columns = Array.from({ length: 100 }, (_, at) => `${at} AS x`);
    expect(run("bigint", `SELECT ${columns.join(", ")}`)).toMatchObject({ rows: [columns.map((_, at) => BigInt(at))] });
    expect(run("bigint", "SELECT id FROM t ORDER BY id DESC LIMIT 2")).toMatchObject({ rows: [[4n], [3n]] });
    expect(run("bigint", "WITH z(a) AS (SELECT 1) SELECT a FROM z")).toMatchObject({ rows: [[1n]] });
    expect(run("bigint", "VALUES (1), (2) -- end")).toMatchObject({ rows: [[1n], [2n]] });
  });

  test("in RETURNING, with the write done once", async () => {
    pair.rows("CREATE TABLE r (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT, b)");
    expect(
      run(
        "bigint",
        "INSERT INTO r (a, b) VALUES (?, 9007199254740993), ('y', 1.5) RETURNING *, id + 1 AS next, (b)",
        "x",
      ),
    ).toMatchObject({
      columns: ["id", "a", "b", "next", "b"],
      rows: [
        [1n, "x", 9007199254740993n, 2n, 9007199254740993n],
        [2n, "y", 1.5, 3n, 1.5],
      ],
      changes: 2,
      lastRowId: 2,
    });
    expect(run("bigint", "UPDATE r SET b = b + 1 WHERE id = 1 RETURNING b, coalesce(a, 'a, b')")).toMatchObject({
      rows: [[9007199254740994n, "x"]],
    });
    expect(
      run("bigint", "WITH w AS (SELECT 2 AS id) DELETE FROM r WHERE id IN (SELECT id FROM w) RETURNING b, a"),
    ).toMatchObject({ rows: [[1.5, "y"]] });
    expect(pair.rows("SELECT count(*), max(id) FROM r")).toEqual([[1, 1]]);
    await expectReplicated(pair);
  });
});

describe("as numbers, no integer is rounded", () => {
  test("one past 2^53 is an error that says what to do, and a write is undone", () => {
    const refused = {
      ok: false,
      code: "integer-too-large",
      message: expect.stringContaining("9007199254740993") as string,
    };
    expect(run("number", "SELECT a FROM t WHERE id = 1")).toMatchObject(refused);
    const { position } = pair.primary.log;
    expect(run("number", "UPDATE t SET b = 0 WHERE id = 1 RETURNING a")).toMatchObject(refused);
    expect(pair.primary.log.position).toEqual(position);
    expect(pair.rows("SELECT typeof(b) FROM t WHERE id = 1")).toEqual([["real"]]);
    const replica = pair.replica.query([{ sql: "SELECT 9007199254740993", parameters: [] }]);
    expect(replica).toMatchObject(refused);
  });

  test("a REAL of that size is a number, also beside text, bytes and integers", () => {
    expect(run("number", "SELECT b FROM t WHERE id = 1")).toMatchObject({ rows: [[9007199254740994]] });
    expect(run("number", "SELECT 1e300, 'i1', x'01', 7, NULL, 't'")).toMatchObject({
      rows: [[1e300, "i1", new Uint8Array([1]).buffer, 7, null, "t"]],
    });
    expect(run("number", "SELECT 9007199254740991, -9007199254740991")).toMatchObject({
      rows: [[9007199254740991, -9007199254740991]],
    });
    expect(run("number", "UPDATE t SET b = b WHERE id = 1 RETURNING b")).toMatchObject({ rows: [[9007199254740994]] });
  });

  test("random() gives what one run of the statement gave", () => {
    const drawn = run("bigint", "SELECT random() AS r, 'x'");
    expect(drawn).toMatchObject({ rows: [[expect.any(BigInt) as bigint, "x"]] });
  });

  test("a rowid past 2^53 is given as a bigint", () => {
    expect(run("number", "INSERT INTO t VALUES (9007199254740993, 1, 2)")).toMatchObject({
      lastRowId: 9007199254740993n,
    });
  });
});

test("a parameter that is bound as an integer leaves the column the name that SQLite gives it", () => {
  expect(run("number", "SELECT ?, ?2 + 1, :name, ? AS named, 'x'", 1, 2, 3, 4)).toMatchObject({
    columns: ["?", "?2 + 1", ":name", "named", "'x'"],
    rows: [[1, 3, 3, 4, "x"]],
  });
});
