import { undo } from "../kernel/error.ts";
import { limits } from "../kernel/limits.ts";
import { schemaObjects, type SchemaObject } from "../sql/catalog.ts";
import type { SqlEngine } from "../sql/engine.ts";
import { nameOf, quoteName, quoteText, systemPrefix } from "../sql/names.ts";
import type { SearchTable } from "../sql/search-table.ts";
import { readSearchTrigger } from "../sql/search-trigger.ts";
import { isCommand, isRowid, withNames, type SearchWrite } from "../sql/search-write.ts";
import { replacesRows } from "../sql/statement.ts";
import { isWord, tokenize, type Token } from "../sql/tokenize.ts";
import type { Value } from "../sql/value.ts";
import { besideTriggers, dirty, type NamedTrigger } from "./capture-triggers.ts";
import { readExactly } from "./images.ts";
import { tooLarge, type StatementChange } from "./record.ts";

/*
 * Notes what triggers of the user write to full-text tables, on which no trigger can stand. Beside each such trigger stands
 * one of the system that fires with it. Of a table that holds its own rows it notes the rowids, so that their images are
 * read at the end as with any table. Of one that does not, and of commands, it notes the statement's values in order.
 */
const notes = `${systemPrefix}search`;

/** Values of one note: its rowid, its own name and the columns of a full-text table, of which SQLite takes 94 in a Durable Object. */
const mostValues = 97;

/** Makes the note-book of the values where there is none. */
export function ensureSearchNotes(engine: SqlEngine): void {
  engine.run(
    `CREATE TABLE IF NOT EXISTS ${notes} (id INTEGER PRIMARY KEY, statement, width, ${valueColumns(mostValues).join(", ")})`,
  );
}

/** Takes it away with the last full-text table: its notes are none of the next one's. */
export const dropSearchNotes = (engine: SqlEngine): void => void engine.run(`DROP TABLE IF EXISTS ${notes}`);

/** Empties it: a DROP costs no written rows. */
export function emptySearchNotes(engine: SqlEngine): void {
  engine.run(`DROP TABLE ${notes}`);
  ensureSearchNotes(engine);
}

/** The number of the last note; 0 where no full-text table was ever made. */
export function lastSearchNote(engine: SqlEngine, tables: readonly SearchTable[]): number {
  return tables.length === 0 ? 0 : Number(engine.run(`SELECT max(id) FROM ${notes}`).rows[0]?.[0] ?? 0);
}

/**
 * The triggers that are to stand beside the user's, as name and text, in the order of theirs.
 *
 * @throws {Undo} where one of the user's triggers cannot be followed.
 */
export function searchTriggers(engine: SqlEngine, tables: readonly SearchTable[]): NamedTrigger[] {
  if (tables.length === 0) return [];
  const objects = schemaObjects(engine);
  const triggers = objects.filter(({ type }) => type === "trigger");
  return triggers.flatMap(({ name, sql, table }): NamedTrigger[] => {
    const found = readSearchTrigger(sql, tables);
    if (!found) return [];
    const ignoring = triggers.find((other) => other.table === table && ignores(tokenize(other.sql)));
    if (ignoring)
      undo(
        "statement-refused",
        `Trigger ${ignoring.name} may keep ${name} from firing by RAISE(IGNORE), so that its writes to an FTS5 table cannot be followed.`,
      );
    const replacing = objects.find((object) => takesOut(object, table));
    if (replacing && found.writes.some((write) => !write.table.ownsContent))
      undo(
        "statement-refused",
        `${replacing.type} ${replacing.name} may take rows out by REPLACE, for which no trigger takes their words out of an FTS5 table. Use ON CONFLICT DO UPDATE.`,
      );
    const body = found.writes.map((write) => `${noteOf(write)};`).join(" ");
    return [
      [besideTriggers + name, `CREATE TRIGGER ${quoteName(besideTriggers + name)} ${found.head} BEGIN ${body} END`],
    ];
  });
}

const ignores = (tokens: readonly Token[]): boolean =>
  tokens.some((token, at) => isWord(token, "RAISE") && isWord(tokens[at + 2], "IGNORE"));

/** May `object`, the table itself or a trigger that writes to it, take rows out of `table` by a REPLACE conflict clause? */
function takesOut({ type, name, sql }: SchemaObject, table: string): boolean {
  const tokens = tokenize(sql);
  if (type === "table") return name === table && replacesRows(tokens);
  const body = tokens.slice(tokens.findIndex((token) => isWord(token, "BEGIN")));
  const names = (token: Token) => nameOf(token).toLowerCase() === table.toLowerCase();
  return type === "trigger" && replacesRows(body) && body.some(names);
}

function noteOf(write: SearchWrite): string {
  const table = quoteText(write.table.name);
  if (write.type !== "insert")
    return `INSERT INTO ${dirty}(tbl, k0) SELECT ${table}, ${write.rest.slice(write.rest.indexOf("=") + 1)}`;
  const rows = `FROM (${withNames(write.query, write.columns.length)})`;
  if (write.table.ownsContent && !isCommand(write.table, write.columns)) {
    const rowid = `c${write.columns.findIndex(isRowid)}`;
    const missing = `SELECT RAISE(ABORT, 'a row that a trigger writes to an FTS5 table needs a rowid') ${rows} WHERE ${rowid} IS NULL`;
    return `${missing}; INSERT INTO ${dirty}(tbl, k0) SELECT ${table}, ${rowid} ${rows}`;
  }
  const width = write.columns.length;
  const values = Array.from({ length: width }, (_, at) => `c${at}`);
  return `INSERT INTO ${notes}(statement, width, ${valueColumns(width).join(", ")}) SELECT ${quoteText(insertInto(write, ""))}, ${width}, ${values.join(", ")} ${rows}`;
}

/** The statement that writes one row of values as `write` does. */
export const insertInto = (
  { table, columns }: Pick<Extract<SearchWrite, { type: "insert" }>, "table" | "columns">,
  or: string,
): string =>
  `INSERT ${or === "" ? "" : `${or} `}INTO ${quoteName(table.name)} (${columns.map(quoteName).join(", ")}) VALUES (${columns.map((_, at) => `?${at + 1}`).join(", ")})`;

const valueColumns = (width: number): string[] => Array.from({ length: width }, (_, at) => `v${at}`);

/** The statements that the notes past `after` stand for, in the order in which they ran. */
export function collectSearch(engine: SqlEngine, after: number): StatementChange[] {
  const [count, width] = engine.run(`SELECT count(*), max(width) FROM ${notes} WHERE id > ?`, after).rows[0] ?? [];
  if (Number(count) > limits.transactionRows) tooLarge(`${limits.transactionRows} rows`);
  if (Number(count) === 0) return [];
  const from = { sql: `FROM ${notes} WHERE id > ?1 ORDER BY id`, binds: [after] };
  return readExactly(engine, ["statement", "width", ...valueColumns(Number(width))], from).map(changeOf);
}

const changeOf = ([statement, width, ...values]: readonly Value[]): StatementChange => ({
  type: "statement",
  sql: String(statement),
  values: values.slice(0, Number(width)),
});
