import type { AppliedMigration, Migration } from "./migration.ts";

/** What is left to apply, in order, or why nothing may be. */
export type Pending =
  | { readonly ok: true; readonly migrations: readonly Migration[] }
  | { readonly ok: false; readonly message: string };

/**
 * What of `migrations` a database lacks that notes `applied`. It may note more: those of a newer version of the
 * application, which is being deployed or was taken back.
 */
export function pendingMigrations(migrations: readonly Migration[], applied: readonly AppliedMigration[]): Pending {
  const noted = new Map(applied.map((each) => [each.number, each]));
  for (const { number, name, checksum } of migrations) {
    const was = noted.get(number);
    if (was && was.checksum !== checksum) return { ok: false, message: changed(name, was.name) };
  }
  return { ok: true, migrations: migrations.filter(({ number }) => !noted.has(number)) };
}

const changed = (name: string, applied: string): string =>
  `The migration ${name}.sql is not the one that was applied to this database as ${applied}. ` +
  "Put its text back as it was, and make the change in a new file.";
