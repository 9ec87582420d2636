import { describe, expect, test } from "vitest";

import { limits } from "../../../shared/kernel/limits.ts";
import { StatementAnalyser } from "../../../shared/sql/analysis.ts";
import { SqliteEngine } from "../../support/sqlite-engine.ts";

/** An analyser, and how often it has asked the engine. */
function counted(): { engine: SqliteEngine; analyser: StatementAnalyser; asked: () => number } {
  const engine = new SqliteEngine();
  let asked = 0;
  engine.beforeRun = () => (asked += 1);
  return { engine, analyser: new StatementAnalyser(engine), asked: () => asked };
}

describe("the engine is asked once for a text", () => {
  test("whatever becomes of the schema", () => {
    const { analyser, asked } = counted();
    const first = analyser.analyse("SELECT 1");
    expect(first).toMatchObject({ ok: true, kind: "read" });
    expect(analyser.analyse("SELECT 1")).toBe(first);
    expect(asked()).toBe(1);
  });

  test(`and ${limits.cachedStatements} texts are remembered`, () => {
    const { analyser, asked } = counted();
    for (let text = 0; text < limits.cachedStatements; text += 1) analyser.analyse(`SELECT ${text}`);
    analyser.analyse("SELECT 0");
    expect(asked()).toBe(limits.cachedStatements);
    analyser.analyse("SELECT -1");
    analyser.analyse("SELECT 1");
    expect(asked()).toBe(limits.cachedStatements + 2);
  });

  test("but an error is not remembered: the table may come", () => {
    const { engine, analyser } = counted();
    expect(analyser.analyse("SELECT a FROM t")).toMatchObject({
      ok: false,
      code: "sql-error",
      message: "no such table: t",
    });
    engine.run("CREATE TABLE t (a)");
    expect(analyser.analyse("SELECT a FROM t")).toMatchObject({ ok: true });
  });
});

test("a text of the longest length is taken, a longer one refused without being read", () => {
  const { analyser } = counted();
  const text = (length: number) =>
    `INSERT INTO t VALUES ('${"x".repeat(length - "INSERT INTO t VALUES ('')".length)}')`;
  expect(analyser.analyse(text(limits.sqlBytes))).toMatchObject({ ok: true, kind: "write" });
  expect(analyser.analyse(text(limits.sqlBytes + 1))).toMatchObject({ ok: false, code: "statement-refused" });
});

test("a refused statement never reaches the engine", () => {
  const { analyser, asked } = counted();
  expect(analyser.analyse("BEGIN")).toMatchObject({ ok: false, code: "statement-refused" });
  expect(asked()).toBe(0);
});

test("trouble of the storage is thrown, not taken for an error of the statement", () => {
  const { engine, analyser } = counted();
  engine.beforeRun = () => {
    throw new Error("disk I/O error");
  };
  expect(() => analyser.analyse("SELECT 1")).toThrow("disk I/O error");
});
