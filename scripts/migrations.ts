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
  /** The folder with the SQL files; without it there are no migrations. */
  readonly source: string;
  /** The file of the import `#migrations` of the origin. */
  readonly target: string;
}

const sitePaths: MigrationPaths = {
  source: `${root}workers/origin/app/migrations`,
  target: `${root}.trefoil/migrations.json`,
};

/**
 * Puts the SQL files of the application's migrations into one module for the origin. What is right already stays
 * untouched, and the file is replaced whole, so several runs at a time do not disturb each other.
 *
 * @throws {MigrationsError} naming each file that is no migration, each gap and each number that is there twice.
 */
export function buildMigrations({ source, target }: MigrationPaths = sitePaths): readonly Migration[] {
  const names = existsSync(source) ? readdirSync(source) : [];
  const read = readMigrations(names.map((name) => ({ name, text: readFileSync(join(source, name), "utf8") })));
  if (!read.ok) throw new MigrationsError(read.problems.join("\n"));
  const text = `${JSON.stringify(read.migrations, null, 2)}\n`;
  if (existsSync(target) && readFileSync(target, "utf8") === text) return read.migrations;
  mkdirSync(dirname(target), { recursive: true });
  const draft = `${target}.${randomUUID()}`;
  writeFileSync(draft, text);
  renameSync(draft, target);
  return read.migrations;
}
