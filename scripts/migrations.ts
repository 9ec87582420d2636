import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readMigrations } from "../shared/migration/files.ts";
import type { Migration } from "../shared/migration/migration.ts";
import { root } from "./workers.ts";

/** Files that are no migrations. The message has one line for each problem, and is for the user. */
export class MigrationsError extends Error {
  override readonly name = "MigrationsError";
}

/** From where to where. All paths are absolute. */
interface MigrationPaths {
  /** The folder with the SQL files of the application; without it there are none. */
  readonly source: string;
  /** The folder with those of the server, which every application gets. */
  readonly own: string;
  /** The file of the import `#migrations` of the origin. */
  readonly target: string;
}

const sitePaths: MigrationPaths = {
  source: `${root}workers/origin/app/migrations`,
  own: `${root}workers/origin/server/migrations`,
  target: `${root}.trefoil/migrations.json`,
};

/**
 * Puts the SQL files of the server's and the application's migrations into one module for the origin. What is right already stays
 * untouched, and the file is replaced whole, so several runs at a time do not disturb each other.
 *
 * @throws {MigrationsError} naming each file that is no migration, each gap and each number that is there twice.
 */
export function buildMigrations({ source, own, target }: MigrationPaths = sitePaths): readonly Migration[] {
  const migrations = [...readFolder(own).map(asOwn), ...readFolder(source)];
  const text = `${JSON.stringify(migrations, null, 2)}\n`;
  if (existsSync(target) && readFileSync(target, "utf8") === text) return migrations;
  mkdirSync(dirname(target), { recursive: true });
  const draft = `${target}.${randomUUID()}`;
  writeFileSync(draft, text);
  renameSync(draft, target);
  return migrations;
}

function readFolder(folder: string): readonly Migration[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const read = readMigrations(names.map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") })));
  if (!read.ok) throw new MigrationsError(read.problems.join("\n"));
  return read.migrations;
}

/** The server's own have numbers that no file of the application can have: those have four digits. */
const asOwn = (migration: Migration): Migration => ({
  ...migration,
  number: 10_000 + migration.number,
  name: `trefoil_${migration.name}`,
});
