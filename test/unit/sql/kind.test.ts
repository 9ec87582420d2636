import { describe, expect, test } from "vitest";

import { SqlError } from "../../../shared/sql/engine.ts";
import { kindOf } from "../../../shared/sql/kind.ts";
import { parseStatement } from "../../../shared/sql/statement.ts";
import { SqliteEngine } from "../../support/sqlite-engine.ts";

const engine = new SqliteEngine();
engine.run("CREATE TABLE t (a UNIQUE, b)");
engine.run("CREATE VIEW v AS SELECT a FROM t");
engine.run("CREATE TRIGGER v_insert INSTEAD OF INSERT ON v BEGIN INSERT INTO t (a) VALUES (NEW.a); END");

function kind(sql: string): string {
  const statement = parseStatement(sql);
  if ("refused" in statement) throw new Error(statement.refused);
  return kindOf(engine, statement);
}

describe("the engine says what a statement does", () => {
  test.each([
    ["SELECT * FROM t WHERE a = ? AND b = :b", "read"],
    ["SELECT 1", "read"],
    ["VALUES (1), (2)", "read"],
    ["WITH w AS (SELECT * FROM v) SELECT * FROM w LIMIT ?1", "read"],
    ["-- a comment\nSELECT 1", "read"],
    ["EXPLAIN DELETE FROM t", "read"],
    ["EXPLAIN QUERY PLAN DELETE FROM t", "read"],
    ["PRAGMA table_info(t)", "read"],
    ["INSERT INTO t (a) VALUES (?)", "write"],
    ["INSERT INTO v VALUES (1)", "write"],
    ["DELETE FROM t WHERE 0", "write"],
    ["WITH w AS (SELECT 1) INSERT INTO t (a) SELECT * FROM w", "write"],
    ["WITH w AS (SELECT 1) UPDATE t SET a = 2 RETURNING a", "write"],
    ["WITH w AS (SELECT ?2) DELETE FROM t WHERE a IN w", "write"],
    ["CREATE TABLE IF NOT EXISTS t (a)", "schema"],
    ["ANALYZE", "schema"],
  ])("%s: %s", (sql, expected) => {
    expect(kind(sql)).toBe(expected);
  });

  test("without running it", () => {
    kind("WITH w AS (SELECT 1) INSERT INTO t (a) SELECT * FROM w");
    expect(engine.run("SELECT count(*) FROM t").rows).toEqual([[0]]);
  });

  test("a place that it names in an error is counted from the beginning of the statement", () => {
    const run = () => {
      throw new SqlError('near "FORM": syntax error at offset 17: SQLITE_ERROR');
    };
    const refusing = { run, transaction: <T>(work: () => T) => work(), sizeBytes: 0 };
    const statement = parseStatement("SELECT 1 FORM t");
    if ("refused" in statement) throw new Error(statement.refused);
    expect(() => kindOf(refusing, statement)).toThrow('near "FORM": syntax error at offset 9: SQLITE_ERROR');
  });

  test("and what it cannot compile is its own error", () => {
    expect(() => kind("SELECT missing FROM t")).toThrow(SqlError);
    expect(() => kind("SELECT missing FROM t")).toThrow("no such column: missing");
  });
});
