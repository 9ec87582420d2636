import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { limits } from "../../../shared/kernel/limits.ts";
import { looksLikeRead, parseStatement, splitStatements, type Statement } from "../../../shared/sql/statement.ts";

function accepted(sql: string): Statement {
  const statement = parseStatement(sql);
  if ("refused" in statement) throw new Error(`${sql}: ${statement.refused}`);
  return statement;
}

const refusalOf = (sql: string): string | undefined => {
  const statement = parseStatement(sql);
  return "refused" in statement ? statement.refused : undefined;
};

describe("the first keyword says what a statement may do", () => {
  test.each([
    ["SELECT 1", "reads"],
    ["values (1)", "reads"],
    ["WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", "reads"],
    ["EXPLAIN DELETE FROM t", "reads"],
    ["PRAGMA table_info(t)", "reads"],
    ["insert into t values (1)", "writes"],
    ["REPLACE INTO t VALUES (1)", "writes"],
    ["UPDATE t SET a = 1", "writes"],
    ["DELETE FROM t", "writes"],
    ["CREATE TABLE t (a)", "schema"],
    ["ALTER TABLE t ADD b", "schema"],
    ["DROP TABLE t", "schema"],
    ["ANALYZE", "schema"],
    ["REINDEX", "schema"],
  ])("%s: %s", (sql, verb) => {
    expect(accepted(sql).verb).toBe(verb);
  });

  test("comments may stand before it, and semicolons at the end are cut off", () => {
    expect(accepted("-- a\n/* b */ select 1 ; ;")).toMatchObject({ keyword: "SELECT", sql: "-- a\n/* b */ select 1" });
  });
});

describe("what cannot be replicated or would touch others is refused before it runs", () => {
  test.each([
    ["", "no statement"],
    ["-- nothing", "no statement"],
    [";", "no statement"],
    ["BEGIN", "batch()"],
    ["COMMIT", "batch()"],
    ["END", "batch()"],
    ["ROLLBACK", "batch()"],
    ["SAVEPOINT a", "batch()"],
    ["RELEASE a", "batch()"],
    ["ATTACH 'a' AS b", "does not exist"],
    ["DETACH b", "does not exist"],
    ["VACUUM", "does not exist"],
    ["SELEKT 1", "does not begin a statement"],
    ["'SELECT' 1", "does not begin a statement"],
    ["constructor", "does not begin a statement"],
    ["SELECT 1; SELECT 2", "several statements"],
    ["EXPLAIN SELECT 1; DELETE FROM t", "several statements"],
    ["CREATE TABLE trigger (a); DROP TABLE t", "several statements"],
    ["CREATE TABLE trigger (a); DROP TABLE t; END", "several statements"],
    ["CREATE INDEX trigger ON t (a); DROP TABLE t", "several statements"],
    ["CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; END; DROP TABLE t", "several statements"],
    ["INSERT OR ROLLBACK INTO t VALUES (1)", "ROLLBACK"],
    ["INSERT OR \vROLLBACK INTO t VALUES (1)", "ROLLBACK"],
    ["INSERT OR \ufeffROLLBACK INTO t VALUES (1)", "ROLLBACK"],
    ["INSERT OR/**/ROLLBACK INTO t VALUES (:a(')), (')", "ROLLBACK"],
    ["UPDATE OR ROLLBACK t SET a = 1", "ROLLBACK"],
    ["CREATE TABLE t (a UNIQUE ON CONFLICT ROLLBACK)", "ROLLBACK"],
    ["CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT RAISE(ROLLBACK, 'x'); END", "ROLLBACK"],
    ["WITH a AS (SELECT 1) INSERT OR ROLLBACK INTO t SELECT * FROM a", "ROLLBACK"],
    ["CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT RAISE(IGNORE); END", "BEFORE trigger"],
    [
      "CREATE TRIGGER IF NOT EXISTS after after update of a ON t BEGIN SELECT raise (ignore) WHERE 1; END",
      "BEFORE trigger",
    ],
    ["CREATE TABLE c (p REFERENCES t DEFERRABLE INITIALLY DEFERRED)", "commit"],
    ["ALTER TABLE c ADD p REFERENCES t DEFERRABLE INITIALLY DEFERRED", "commit"],
    ["CREATE VIRTUAL TABLE f USING fts4(a)", "fts4"],
    ["CREATE TEMP TABLE a (b)", "Temporary"],
    ["CREATE \vTEMPORARY VIEW a AS SELECT 1", "Temporary"],
    ["SELECT 1 \0", "NUL"],
    ["SELECT * FROM _trefoil_dirty", "_trefoil_dirty"],
    ['DROP TRIGGER "_TREFOIL_insert_t"', "_TREFOIL_insert_t"],
    ["DROP TABLE [_trefoil_log_1]", "_trefoil_log_1"],
    ["DROP TABLE `_trefoil_log_1`", "_trefoil_log_1"],
    ["DELETE FROM '_trefoil_dirty'", "_trefoil_dirty"],
    ["SELECT :a('), (SELECT max(id) FROM _trefoil_dirty) --'", "_trefoil_dirty"],
    ["SELECT * FROM _cf_KV", "_cf_KV"],
    ["SELECT * FROM __miniflare_do_name", "__miniflare_do_name"],
    ["SELECT ?101", "100 parameters"],
    ["SELECT ?4000000000", "100 parameters"],
    [`SELECT ?${"9".repeat(400)}`, "100 parameters"],
  ])("%j", (sql, why) => {
    expect(refusalOf(sql)).toContain(why);
  });

  test.each([
    "recursive_triggers = ON",
    "foreign_keys = OFF",
    "foreign_keys(OFF)",
    "main.foreign_keys = 0",
    "FOREIGN_KEYS=0",
    "defer_foreign_keys",
    "writable_schema = 1",
    "case_sensitive_like(1)",
    "ignore_check_constraints = 1",
    "optimize",
    "table_info(t); DROP TABLE t",
    "; DROP TABLE t",
    "",
  ])("PRAGMA %s", (pragma) => {
    expect(refusalOf(`PRAGMA ${pragma}`)).toContain("PRAGMA");
  });
});

describe("what only resembles a refused statement runs", () => {
  test.each([
    "SELECT 'BEGIN; ROLLBACK', \"OR ROLLBACK\" FROM t -- INSERT OR ROLLBACK",
    "SELECT rollback FROM t",
    "CREATE TABLE trigger (a)",
    "CREATE TABLE c (p REFERENCES t DEFERRABLE)",
    "CREATE TRIGGER a AFTER INSERT ON t BEGIN UPDATE t SET a = CASE WHEN 1 THEN 2 END; SELECT 1; END",
    "CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1 END; END;",
    "CREATE TRIGGER after BEFORE INSERT ON t BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TRIGGER a INSERT ON t BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TRIGGER a AFTER INSERT ON t BEGIN INSERT OR IGNORE INTO u VALUES (1); SELECT RAISE(ABORT, 'no'); END",
    "INSERT INTO t VALUES ('see _trefoil_ there')",
    "SELECT trefoil_a FROM t",
    "PRAGMA main.table_info('t')",
    "PRAGMA foreign_keys",
    "PRAGMA foreign_key_check(t)",
    "SELECT ?100",
  ])("%s", (sql) => {
    expect(refusalOf(sql)).toBeUndefined();
  });
});

test("a text that passes is one statement for SQLite, so nothing runs unseen behind it", () => {
  const database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE t (a); CREATE VIEW v AS SELECT 1 AS a");
  const piece = fc.constantFrom(
    "CREATE TABLE trigger (a)", "CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN", "CREATE TRIGGER trigger INSTEAD OF INSERT ON v BEGIN",
    "CREATE VIEW trigger AS", "SELECT 1", "SELECT CASE a WHEN 1 THEN 2 END FROM t", "DELETE FROM t", "EXPLAIN", "PRAGMA table_info(t)",
    ";", ";", "END", "END;", "trigger", "AS", "-- ;", "/*", "*/", "'", '"', "[", "]", "\n", " \v", " \ufeff", ":a(;)", ":a(')",
  ); // prettier-ignore
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 7 }), (pieces) => {
      const statement = parseStatement(pieces.join(" "));
      if ("refused" in statement) return;
      const prepared = prepare(database, statement.sql);
      if (prepared !== undefined) expect(prepared.replace(/;$/, "").trim()).toBe(statement.sql.trim());
    }),
    { numRuns: 3_000 },
  );
});

/** The part of `sql` that SQLite takes for the first statement, if it takes any. */
function prepare(database: DatabaseSync, sql: string): string | undefined {
  try {
    return database.prepare(sql).sourceSQL;
  } catch {
    return undefined;
  }
}

describe("REPLACE conflict clauses are told from the function replace()", () => {
  test.each([
    ["REPLACE INTO t VALUES (1)", true],
    ["INSERT OR REPLACE INTO t VALUES (1)", true],
    ["UPDATE OR REPLACE t SET a = 1", true],
    ['UPDATE OR REPLACE "t" SET a = 1', true],
    ["WITH a AS (SELECT 1) REPLACE INTO t SELECT * FROM a", true],
    ["UPDATE t SET a = replace(a, 'x', 'y')", false],
    ["UPDATE t SET a = 1 WHERE b OR replace (a, 'x', 'y')", false],
    ["INSERT INTO t VALUES ('REPLACE')", false],
  ])("%s: %s", (sql, replaces) => {
    expect(accepted(sql).replaces).toBe(replaces);
  });
});

describe("parameters are numbered as SQLite does", () => {
  test("a number stands for itself, ? is one more than the highest so far, a name keeps its first number", () => {
    expect(accepted("SELECT ?, :a, ?3, ?, $a, :a, ?2").parameters.map(({ index }) => index)).toEqual([
      1, 2, 3, 4, 5, 2, 2,
    ]);
    expect(accepted("SELECT ?5, 1").parameterCount).toBe(5);
  });

  test("any mix of them", () => {
    const database = new DatabaseSync(":memory:");
    const parameter = fc.constantFrom("?", "?1", "?2", "?7", "?07", ":a", ":b", "@a", "$a", "$a::b", ":a(1)", ":A");
    fc.assert(
      fc.property(fc.array(parameter, { minLength: 1, maxLength: 12 }), (names) => {
        const sql = `SELECT ${names.join(", ")}`;
        const program = database.prepare(`EXPLAIN ${sql}`).all();
        const variables = program
          .filter(({ opcode }) => opcode === "Variable")
          .sort((one, other) => Number(one["p2"]) - Number(other["p2"]));
        expect(accepted(sql).parameters.map(({ index }) => index)).toEqual(variables.map(({ p1 }) => p1));
      }),
      { numRuns: 300 },
    );
  });

  test(`${limits.parameters} of them are taken, one more is refused`, () => {
    const marks = (count: number) => `SELECT ${Array(count).fill("?").join(", ")}`;
    expect(accepted(marks(limits.parameters)).parameterCount).toBe(limits.parameters);
    expect(refusalOf(marks(limits.parameters + 1))).toContain(`${limits.parameters} parameters`);
  });
});

describe("a text of several statements is cut at its semicolons", () => {
  test.each([
    ["", []],
    [" ; ;", []],
    ["SELECT 1", ["SELECT 1"]],
    ["SELECT ';' ; -- a;\nSELECT 2;", ["SELECT ';'", "SELECT 2"]],
    ["CREATE TABLE trigger (a); SELECT 1; END", ["CREATE TABLE trigger (a)", "SELECT 1", "END"]],
  ])("%j", (sql, statements) => {
    expect(splitStatements(sql)).toEqual(statements);
  });

  test("and comes back as its parts, those inside of a trigger's body left alone", () => {
    const statement = fc.constantFrom(
      "SELECT ';'",
      "INSERT INTO t VALUES (x';')",
      "CREATE TABLE trigger (a)",
      "CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; DELETE FROM t; END",
      "CREATE TEMP TRIGGER a AFTER INSERT ON t BEGIN SELECT 1 /* END; */; END",
      "DROP TRIGGER a",
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(statement, fc.constantFrom(";", " ;\n", "; -- ;\n", ";;"))), (parts) => {
        expect(splitStatements(parts.flat().join(""))).toEqual(parts.map(([sql]) => sql));
      }),
    );
  });
});

describe("a client guesses from the first keyword", () => {
  test.each([
    [" \n-- a\n/* b * c */select 1", true],
    ["WITH a AS (SELECT 1) DELETE FROM t", true],
    ["PRAGMA table_info(t)", true],
    ["DELETE FROM t", false],
    ["CREATE TABLE t (a)", false],
    ["", false],
    ["(SELECT 1)", false],
    ["/* SELECT", false],
  ])("%j reads: %s", (sql, reads) => {
    expect(looksLikeRead(sql)).toBe(reads);
  });

  test("in time that grows no faster than the text, however many comments lead it", () => {
    expect(looksLikeRead(`${"/**/".repeat(20_000)}(`)).toBe(false);
    expect(looksLikeRead(`${"/* * */ -- a\n".repeat(20_000)}SELECT 1`)).toBe(true);
  });
});
