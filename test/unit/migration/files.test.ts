import { describe, expect, test } from "vitest";

import { limits } from "../../../shared/kernel/limits.ts";
import { readMigrations, type MigrationFile } from "../../../shared/migration/files.ts";

const file = (name: string, text = "CREATE TABLE t (a);"): MigrationFile => ({ name, text });

const problemsOf = (...files: MigrationFile[]) => {
  const read = readMigrations(files);
  return read.ok ? [] : read.problems;
};

test("files in any order are migrations in the order of their numbers", () => {
  const read = readMigrations([file("0002_two.sql", "SELECT 2"), file("0001_one.sql", "SELECT 1")]);
  expect(read).toMatchObject({
    ok: true,
    migrations: [
      { number: 1, name: "0001_one", statements: ["SELECT 1"] },
      { number: 2, name: "0002_two", statements: ["SELECT 2"] },
    ],
  });
});

test("a file may hold several statements, triggers and comments among them", () => {
  const text = `-- first; the table
    CREATE TABLE t (a, b DEFAULT ';');
    CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET b = 1; DELETE FROM t WHERE b = 2; END;
    INSERT INTO t VALUES (1, 2);`;
  const read = readMigrations([file("0001_t.sql", text)]);
  expect(read.ok && read.migrations[0]?.statements).toEqual([
    "CREATE TABLE t (a, b DEFAULT ';')",
    "CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET b = 1; DELETE FROM t WHERE b = 2; END",
    "INSERT INTO t VALUES (1, 2)",
  ]);
});

test("the checksum is that of the text, whatever the line ends", () => {
  const checksum = (text: string) => {
    const read = readMigrations([file("0001_t.sql", text)]);
    return read.ok ? read.migrations[0]?.checksum : undefined;
  };
  expect(checksum("SELECT\n1")).toBe(checksum("SELECT\r\n1"));
  expect(checksum("SELECT\n1")).not.toBe(checksum("SELECT\n2"));
});

describe("is refused, and named", () => {
  test.each([
    [
      "a number that is missing",
      [file("0001_a.sql"), file("0003_c.sql")],
      "0003_c.sql: number 2 is missing before it.",
    ],
    ["a first number that is not 1", [file("0002_b.sql")], "0002_b.sql: number 1 is missing before it."],
    [
      "a number that is there twice",
      [file("0001_a.sql"), file("0001_b.sql")],
      "0001_a.sql and 0001_b.sql have the same number.",
    ],
    ["another name", [file("0001_a.sql"), file("2_b.sql")], "2_b.sql: a migration is called by four digits"],
    ["another kind of file", [file("0001_a.sql"), file("notes.md")], "notes.md: a migration is called by four digits"],
    ["an empty file", [file("0001_a.sql", "-- nothing\n ;")], "0001_a.sql: there is no statement in it."],
    ["what the database refuses", [file("0001_a.sql", "SELECT 1; BEGIN")], "0001_a.sql: BEGIN cannot be sent as SQL."],
    ["a parameter", [file("0001_a.sql", "SELECT ?")], "0001_a.sql: a migration takes no parameters."],
  ])("%s", (_, files, message) => {
    expect(problemsOf(...files)).toEqual([expect.stringContaining(message)]);
  });

  test(`a file of more than ${limits.batchStatements - 1} statements, since the note is one more in the batch`, () => {
    const most = limits.batchStatements - 1;
    expect(problemsOf(file("0001_a.sql", "SELECT 1;".repeat(most)))).toEqual([]);
    expect(problemsOf(file("0001_a.sql", "SELECT 1;".repeat(most + 1)))).toEqual([
      `0001_a.sql: ${most + 1} statements; ${most} are allowed in one migration.`,
    ]);
  });

  test("everything at once", () => {
    expect(problemsOf(file("0001_a.sql", ""), file("0003_b.sql"), file("x.sql"))).toHaveLength(3);
  });
});
