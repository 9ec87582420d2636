import { checksumOf } from "../binlog/checksum.ts";
import { limits } from "../kernel/limits.ts";
import { encodeUtf8 } from "../kernel/utf8.ts";
import { parseStatement, splitStatements } from "../sql/statement.ts";
import type { Migration } from "./migration.ts";

/** A file of the folder with the migrations. */
export interface MigrationFile {
  readonly name: string;
  readonly text: string;
}

/** Migrations in their order, or every reason why the files are none. */
export type ReadMigrations =
  | { readonly ok: true; readonly migrations: readonly Migration[] }
  | { readonly ok: false; readonly problems: readonly string[] };

const namePattern = /^(\d{4})_[a-z0-9_]+\.sql$/;

/**
 * Reads the migrations of an application: files `0001_name.sql`, `0002_name.sql`, and so on without a gap, of one or more
 * statements each.
 *
 * @returns the problems, each naming its file, where a name, a number or a statement is not as it must be.
 */
export function readMigrations(files: readonly MigrationFile[]): ReadMigrations {
  const sorted = files.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const problems = [...sorted.flatMap(problemsOf), ...numberProblems(sorted.map(({ name }) => name))];
  return problems.length > 0 ? { ok: false, problems } : { ok: true, migrations: sorted.map(readFile) };
}

/** Whoever checks the files out may have other line ends: they are not part of what is compared. */
function readFile({ name, text }: MigrationFile): Migration {
  const lines = text.replaceAll("\r\n", "\n");
  return {
    number: numberOf(name),
    name: name.slice(0, -".sql".length),
    checksum: checksumOf(encodeUtf8(lines)),
    statements: splitStatements(lines),
  };
}

const numberOf = (name: string): number => Number(namePattern.exec(name)?.[1]);

function problemsOf({ name, text }: MigrationFile): string[] {
  if (!namePattern.test(name))
    return [`${name}: a migration is called by four digits and words of a to z, 0 to 9, such as 0001_posts.sql.`];
  const statements = splitStatements(text);
  if (statements.length === 0) return [`${name}: there is no statement in it.`];
  // The note of the migration is part of the same batch.
  if (statements.length >= limits.batchStatements)
    return [`${name}: ${statements.length} statements; ${limits.batchStatements - 1} are allowed in one migration.`];
  return statements.flatMap((sql) => {
    const statement = parseStatement(sql);
    if ("refused" in statement) return [`${name}: ${statement.refused} It begins: ${sql.slice(0, 60)}`];
    return statement.parameterCount > 0
      ? [`${name}: a migration takes no parameters. It begins: ${sql.slice(0, 60)}`]
      : [];
  });
}

function numberProblems(names: readonly string[]): string[] {
  const numbered = names.filter((name) => namePattern.test(name));
  return numbered.flatMap((name, at) => {
    const before = numbered[at - 1];
    const [number, last] = [numberOf(name), before === undefined ? 0 : numberOf(before)];
    if (number === last) return [`${before ?? "0000"} and ${name} have the same number.`];
    return number === last + 1 ? [] : [`${name}: number ${last + 1} is missing before it.`];
  });
}
