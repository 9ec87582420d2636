import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { limits } from "../../shared/kernel/limits.ts";
import { startSite, type TestSite } from "../support/site.ts";
import type { Call } from "../support/sql-client/script.ts";
import { play, sqlClient } from "../support/sql-client/worker.ts";

let site: TestSite;
beforeAll(async () => {
  site = await startSite({ add: [sqlClient] });
  await make({
    method: "exec",
    sql: [
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b);",
      "INSERT INTO t(a, b) VALUES ('one', 1), ('two', x'0102');",
    ],
  });
});
afterAll(() => site.close());

/** Makes one call outside of any session and gives its result. */
async function make(call: Call): Promise<unknown> {
  const { results, error } = await play(site, { calls: [call] });
  expect(error).toBeUndefined();
  return results[0];
}

const failing = async (call: Call) => (await play(site, { calls: [call] })).error;

describe("the client has D1's shape", () => {
  test("all and run give rows and meta, first gives a row, one column or null, raw gives arrays with the names before them", async () => {
    const meta = { served_by: "db-1", served_by_primary: true, changes: 0, changed_db: false, rows_written: 0 };
    expect(await make({ method: "all", sql: "SELECT id, a FROM t ORDER BY id" })).toMatchObject({
      success: true,
      results: [
        { id: 1, a: "one" },
        { id: 2, a: "two" },
      ],
      meta,
    });
    expect(await make({ method: "first", sql: "SELECT a FROM t WHERE id = ?", values: [2] })).toEqual({ a: "two" });
    expect(await make({ method: "first", sql: "SELECT a FROM t WHERE id = ?", values: [99] })).toBeNull();
    expect(await make({ method: "raw", sql: "SELECT a, a FROM t WHERE id = 1" })).toEqual([
      ["a", "a"],
      ["one", "one"],
    ]);
  });

  test("a write tells how many rows it changed, without those of triggers, and the last rowid", async () => {
    await make({
      method: "exec",
      sql: [
        "CREATE TABLE log (a);",
        "CREATE TRIGGER t_log AFTER INSERT ON t BEGIN INSERT INTO log VALUES (1), (2), (3); END;",
      ],
    });
    const result = await make({
      method: "run",
      sql: "INSERT INTO t(id, a) VALUES (10, 'x'), (11, 'y') RETURNING id",
      values: [],
    });
    expect(result).toMatchObject({
      results: [{ id: 10 }, { id: 11 }],
      meta: { changes: 2, last_row_id: 11, changed_db: true },
    });
  });

  test("blobs come back as arrays of numbers, as in D1", async () => {
    expect(await make({ method: "first", sql: "SELECT b FROM t WHERE id = 2" })).toEqual({ b: [1, 2] });
  });

  test("a batch is one transaction and gives a result for each statement", async () => {
    const results = await make({
      method: "batch",
      sql: ["INSERT INTO t(id, a) VALUES (20, 'b')", "SELECT a FROM t WHERE id = 20"],
    });
    expect(results).toMatchObject([{ meta: { changes: 1 } }, { results: [{ a: "b" }] }]);
  });

  test("what is written in a session counts as written in the one that it was opened from", async () => {
    const write = await play(site, {
      start: "first-unconstrained",
      calls: [{ method: "run", sql: "INSERT INTO t(a) VALUES ('child')" }],
    });
    expect(write.written).toMatch(/^00000001-[0-9a-f]{16}$/);
    expect(write.writtenInParent).toBe(write.written);
    const read = await play(site, { start: write.written ?? "", calls: [{ method: "all", sql: "SELECT 1" }] });
    expect(read.writtenInParent).toBeNull();
  });

  test("exec runs the statements of a text one by one and says which one failed", async () => {
    expect(await make({ method: "exec", sql: "SELECT 1; SELECT 2; -- end" })).toMatchObject({ count: 2 });
    expect((await failing({ method: "exec", sql: "SELECT 1; SELECT nowhere" }))?.message).toMatch(
      /^D1_EXEC_ERROR: Error in line 2: SELECT nowhere: D1_ERROR: no such column: nowhere at offset 7: SQLITE_ERROR/,
    );
  });
});

describe("values are stored as an SQLite user expects", () => {
  test.each<[string, unknown, string, string]>([
    ["TEXT", 5, "text", "5"],
    ["TEXT", true, "text", "1"],
    ["INTEGER", 5, "integer", "5"],
    ["REAL", 5, "real", "5.0"],
    ["", 5, "integer", "5"],
    ["", 5.5, "real", "5.5"],
    ["", { big: "9223372036854775807" }, "integer", "9223372036854775807"],
    ["", "5", "text", "5"],
    ["", { blob: [65] }, "blob", "A"],
    ["", null, "null", ""],
  ])("into a column declared '%s', %j becomes %s %s", async (type, value, storage, text) => {
    await make({ method: "exec", sql: [`DROP TABLE IF EXISTS one;`, `CREATE TABLE one (v ${type});`] });
    await make({ method: "run", sql: "INSERT INTO one VALUES (?)", values: [value] });
    expect(
      await make({
        method: "first",
        sql: "SELECT typeof(v) AS storage, coalesce(CAST(v AS TEXT), '') AS text FROM one",
      }),
    ).toEqual({ storage, text });
  });
});

describe("bad input gets a clear error and changes nothing", () => {
  test.each<[string, Call, RegExp, string | undefined]>([
    ["an unknown column", { method: "all", sql: "SELECT nope FROM t" }, /^D1_ERROR: no such column: nope/, "sql-error"],
    [
      "a constraint",
      { method: "run", sql: "INSERT INTO t(id) VALUES (1)" },
      /^D1_ERROR: UNIQUE constraint failed: t\.id: SQLITE_CONSTRAINT/,
      "sql-error",
    ],
    [
      "too few parameters",
      { method: "run", sql: "SELECT ?, ?", values: [1] },
      /^D1_ERROR: Wrong number of parameter bindings/,
      "bad-request",
    ],
    ["several statements", { method: "run", sql: "SELECT 1; SELECT 2" }, /several statements/, "statement-refused"],
    ["a transaction as text", { method: "run", sql: "BEGIN" }, /Use batch\(\)/, "statement-refused"],
    [
      "a pragma that sets state",
      { method: "run", sql: "PRAGMA foreign_keys = OFF" },
      /sets state/,
      "statement-refused",
    ],
    [
      "OR ROLLBACK, which would undo others' writes",
      { method: "run", sql: "INSERT OR ROLLBACK INTO t(id) VALUES (1)" },
      /Use ABORT/,
      "statement-refused",
    ],
    [
      "a name of the system",
      { method: "run", sql: 'DELETE FROM "_trefoil_dirty"' },
      /kept for the system/,
      "statement-refused",
    ],
    [
      "too large a statement",
      { method: "run", sql: `SELECT '${"x".repeat(limits.sqlBytes)}'` },
      /longer than/,
      "statement-refused",
    ],
    [
      "too large a batch",
      { method: "batch", sql: Array.from({ length: limits.batchStatements + 1 }, () => "SELECT 1") },
      /A batch may hold/,
      "bad-request",
    ],
    [
      "a value without a form in SQLite",
      { method: "run", sql: "SELECT ?", values: [{}] },
      /^D1_TYPE_ERROR: Type 'undefined' not supported/,
      undefined,
    ],
  ])("%s", async (_, call, message, code) => {
    const error = await failing(call);
    expect(error?.message).toMatch(message);
    expect(error?.code).toBe(code);
  });

  test("a session that starts at nonsense is refused", async () => {
    const response = await site
      .worker("sql-client")
      .fetch("http://client/", { method: "POST", body: JSON.stringify({ start: "yesterday", calls: [] }) });
    expect(response.status).toBe(500);
  });
});
