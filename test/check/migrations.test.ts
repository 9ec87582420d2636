import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { buildMigrations, MigrationsError } from "../../scripts/migrations.ts";

let paths: { source: string; own: string; target: string };

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "trefoil-migrations-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  paths = {
    source: join(folder, "migrations"),
    own: join(folder, "own"),
    target: join(folder, "built/migrations.json"),
  };
  await mkdir(paths.source);
});

const write = (name: string, text: string) => writeFile(join(paths.source, name), text);

test("the module holds the migrations, and is left alone where nothing changed", async () => {
  await write("0001_a.sql", "CREATE TABLE a (x);");
  const built = buildMigrations(paths);
  expect(built).toMatchObject([{ number: 1, name: "0001_a", statements: ["CREATE TABLE a (x)"] }]);
  expect(JSON.parse(await readFile(paths.target, "utf8"))).toEqual(built);
  const writtenMs = (await stat(paths.target)).mtimeMs;
  buildMigrations(paths);
  expect((await stat(paths.target)).mtimeMs).toBe(writtenMs);
  await write("0002_b.sql", "CREATE TABLE b (x);");
  expect(buildMigrations(paths)).toHaveLength(2);
  expect(JSON.parse(await readFile(paths.target, "utf8"))).toHaveLength(2);
});

test("an application without a schema has no migrations", async () => {
  await rm(paths.source, { recursive: true });
  expect(buildMigrations(paths)).toEqual([]);
});

test("the server's own go first, under numbers and names that none of the application can have", async () => {
  await mkdir(paths.own);
  await writeFile(join(paths.own, "0001_a.sql"), "CREATE TABLE own (x);");
  await write("0001_a.sql", "CREATE TABLE a (x);");
  expect(buildMigrations(paths).map(({ number, name }) => [number, name])).toEqual([
    [10_001, "trefoil_0001_a"],
    [1, "0001_a"],
  ]);
  await rm(paths.source, { recursive: true });
  expect(buildMigrations(paths)).toHaveLength(1);
});

test("files that are no migrations are refused by name, and the module stays as it was", async () => {
  await write("0001_a.sql", "CREATE TABLE a (x);");
  buildMigrations(paths);
  await write("0003_c.sql", "CREATE TABLE c (x);");
  expect(() => buildMigrations(paths)).toThrow(new MigrationsError("0003_c.sql: number 2 is missing before it."));
  expect(JSON.parse(await readFile(paths.target, "utf8"))).toHaveLength(1);
});
