import type { AppliedMigration, Migration } from "../../../shared/migration/migration.ts";
import { pendingMigrations } from "../../../shared/migration/pending.ts";

/** What a migration needs of the database client. */
export interface MigratableDatabase {
  prepare(sql: string): MigrationStatement;
  batch(statements: MigrationStatement[]): Promise<unknown>;
  withSession(start: "first-unconstrained" | "primary"): MigratableDatabase;
}

interface MigrationStatement {
  bind(...values: (string | number)[]): MigrationStatement;
  run(): Promise<unknown>;
  all<Row>(): Promise<{ readonly results: Row[] }>;
}

/** Which migrations were applied. */
const notes =
  "create table if not exists trefoil_migrations (number integer primary key, name text not null, checksum text not null) strict";

/** The schema of the database is not what the application was made for, and cannot be made so. */
class MigrationError extends Error {
  override readonly name = "MigrationError";
}

/** Has this isolate seen the whole schema? */
let migrated = false;

/**
 * Makes sure that the database has the application's schema, once in the life of an isolate. Any node may say that it
 * has, so that an origin can start while the primary is away; only a migration that is missing needs the primary.
 *
 * @throws {MigrationError} naming the file, where one was changed after it was applied or cannot be applied.
 */
export async function migrate(database: MigratableDatabase, migrations: readonly Migration[]): Promise<void> {
  if (migrated) return;
  const [first] = await missingIn(database.withSession("first-unconstrained"), migrations);
  if (first) await applyAll(database.withSession("primary"), migrations);
  migrated = true;
}

async function applyAll(primary: MigratableDatabase, migrations: readonly Migration[]): Promise<void> {
  await primary.prepare(notes).run();
  const missing = () => missingIn(primary, migrations);
  for (let [next] = await missing(); next; [next] = await missing()) await apply(primary, next);
}

async function missingIn(session: MigratableDatabase, migrations: readonly Migration[]): Promise<readonly Migration[]> {
  const pending = pendingMigrations(migrations, await notesIn(session));
  if (!pending.ok) throw new MigrationError(pending.message);
  return pending.migrations;
}

async function notesIn(session: MigratableDatabase): Promise<AppliedMigration[]> {
  try {
    return (await session.prepare("select number, name, checksum from trefoil_migrations").all<AppliedMigration>())
      .results;
  } catch (error) {
    if (String(error).includes("no such table: trefoil_migrations")) return [];
    if (String(error).includes("no such column: number")) throw new MigrationError(olderForm, { cause: error });
    throw error;
  }
}

const olderForm =
  "The database was made by an unreleased Trefoil, which counted the steps of its schema in the table trefoil_migrations. " +
  "Copy out what you need with that version; then stop the site, remove the folder .wrangler/state, and start anew.";

/** A migration and the note of it are one transaction; so of several origins at once exactly one applies it. */
async function apply(primary: MigratableDatabase, { number, name, checksum, statements }: Migration): Promise<void> {
  const note = primary
    .prepare("insert into trefoil_migrations (number, name, checksum) values (?, ?, ?)")
    .bind(number, name, checksum);
  try {
    await primary.batch([note, ...statements.map((sql) => primary.prepare(sql))]);
  } catch (error) {
    if (String(error).includes("UNIQUE constraint failed: trefoil_migrations")) return;
    throw new MigrationError(`The migration ${name}.sql cannot be applied: ${String(error)}`, { cause: error });
  }
}
