import { beforeEach, describe, expect, test, vi } from "vitest";

import { readMigrations } from "../../shared/migration/files.ts";
import type { Migration } from "../../shared/migration/migration.ts";
import type { Argument } from "../../shared/sql/parameters.ts";
import type { MigratableDatabase, migrate as Migrate } from "../../workers/origin/server/migrate.ts";
import { Pair } from "../support/pair.ts";

type Call = [string, ...Argument[]];

type FakeStatement = ReturnType<MigratableDatabase["prepare"]> & { readonly call: Call };

/** A primary, and which starts its sessions had. */
class FakeDatabase {
  readonly pair = new Pair();
  readonly starts: string[] = [];

  /** What an origin is given: each of its calls takes a turn, so that those of two origins mix. */
  open(): MigratableDatabase {
    const prepare = (...call: Call): FakeStatement => ({
      call,
      bind: (...values: Argument[]) => prepare(call[0], ...values),
      run: () => this.#run([call]),
      all: () => this.#run([call]),
    });
    const session: MigratableDatabase = {
      prepare,
      batch: (statements: FakeStatement[]) => this.#run(statements.map(({ call }) => call)),
      withSession: (start) => (this.starts.push(start), session),
    };
    return session;
  }

  async #run(calls: Call[]) {
    await Promise.resolve();
    const outcome = this.pair.batch(...calls);
    if (!outcome.ok) throw new Error(`D1_ERROR: ${outcome.message}`);
    const { columns, rows } = outcome.results[0] ?? { columns: [], rows: [] };
    return { results: rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]])) as never) };
  }

  tables(): unknown[] {
    return this.pair
      .rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_trefoil%' ESCAPE '\\'")
      .map(([name]) => name);
  }

  noted(): unknown[] {
    return this.pair
      .rows("SELECT number, name, checksum FROM trefoil_migrations ORDER BY number")
      .map((row) => [...row]);
  }
}

function read(files: Record<string, string>): readonly Migration[] {
  const made = readMigrations(Object.entries(files).map(([name, text]) => ({ name, text })));
  if (!made.ok) throw new Error(made.problems.join());
  return made.migrations;
}

const files = {
  "0001_a.sql": "CREATE TABLE a (x); INSERT INTO a VALUES (1);",
  "0002_b.sql": "CREATE TABLE b (x);",
  "0003_a.sql": "ALTER TABLE a ADD COLUMN y DEFAULT 2;",
};
const migrations = read(files);

/** The function of an origin that has just started. */
async function newOrigin(): Promise<typeof Migrate> {
  vi.resetModules();
  return (await import("../../workers/origin/server/migrate.ts")).migrate;
}

let database: FakeDatabase;
beforeEach(() => {
  database = new FakeDatabase();
});

test("migrations are applied in order, and noted", async () => {
  await (
    await newOrigin()
  )(database.open(), migrations);
  expect(database.pair.rows("SELECT x, y FROM a")).toEqual([[1, 2]]);
  expect(database.noted()).toEqual(migrations.map(({ number, name, checksum }) => [number, name, checksum]));
});

test("of several origins that start at once each finds the whole schema, and no migration runs twice", async () => {
  const origins = [await newOrigin(), await newOrigin(), await newOrigin()];
  await Promise.all(origins.map((migrate) => migrate(database.open(), migrations)));
  expect(database.pair.rows("SELECT x, y FROM a")).toEqual([[1, 2]]);
  expect(database.noted()).toHaveLength(3);
});

test("an origin whose database lacks nothing asks any node, and no second time", async () => {
  await (
    await newOrigin()
  )(database.open(), migrations);
  database.starts.length = 0;
  const migrate = await newOrigin();
  await migrate(database.open(), migrations);
  await migrate(database.open(), migrations);
  expect(database.starts).toEqual(["first-unconstrained"]);
});

test("a new file is applied after those that were", async () => {
  await (
    await newOrigin()
  )(database.open(), migrations.slice(0, 2));
  expect(database.tables()).toEqual(["trefoil_migrations", "a", "b"]);
  await (
    await newOrigin()
  )(database.open(), migrations);
  expect(database.pair.rows("SELECT y FROM a")).toEqual([[2]]);
});

test("an origin of an older version works with a database that is ahead of it", async () => {
  await (
    await newOrigin()
  )(database.open(), migrations);
  await (
    await newOrigin()
  )(database.open(), migrations.slice(0, 1));
  expect(database.noted()).toHaveLength(3);
});

describe("an error names the file", () => {
  test("that fails half-way; nothing of it has happened, and it can be mended", async () => {
    const broken = read({ ...files, "0002_b.sql": "CREATE TABLE b (x); INSERT INTO nowhere VALUES (1);" });
    const migrate = await newOrigin();
    await expect(migrate(database.open(), broken)).rejects.toThrow(
      /^The migration 0002_b\.sql cannot be applied: .*no such table: nowhere/,
    );
    expect(database.tables()).toEqual(["trefoil_migrations", "a"]);
    await migrate(database.open(), migrations);
    expect(database.noted()).toHaveLength(3);
  });

  test("that was changed after it was applied, and no other one is applied", async () => {
    await (
      await newOrigin()
    )(database.open(), migrations.slice(0, 2));
    const changed = read({ ...files, "0002_b.sql": "CREATE TABLE b (x, y);" });
    await expect((await newOrigin())(database.open(), changed)).rejects.toThrow(
      "The migration 0002_b.sql is not the one that was applied",
    );
    expect(database.noted()).toHaveLength(2);
  });
});

test("a database with the notes of an older form is left alone, and the error says what to do", async () => {
  database.pair.rows("CREATE TABLE trefoil_migrations (step INTEGER PRIMARY KEY) STRICT");
  await expect((await newOrigin())(database.open(), migrations)).rejects.toThrow("remove the folder .wrangler/state");
  expect(database.tables()).toEqual(["trefoil_migrations"]);
});
