import { limits } from "../kernel/limits.ts";
import type { Table } from "../sql/catalog.ts";
import type { SqlEngine } from "../sql/engine.ts";
import { quoteName, quoteText, systemPrefix } from "../sql/names.ts";
import type { Value } from "../sql/value.ts";
import { readImages } from "./images.ts";
import { tooLarge, type RowChange } from "./record.ts";

/**
 * Notes which rows a transaction touched. Triggers on every table of the user write only the table and the key of the
 * row; what the row became is read once at the end. So the order of triggers, cascades, repeated changes and conflict
 * clauses cannot leave a wrong image in the log. The note-book's key is a plain rowid, since a conflict clause of the
 * user's statement reaches into trigger bodies (https://sqlite.org/lang_createtrigger.html) and must find nothing to
 * ignore or replace there.
 */
const dirty = `${systemPrefix}dirty`;

const keyColumns = (width: number): string[] => Array.from({ length: width }, (_, at) => `k${at}`);

/** Makes the note-book with room for keys of `width` columns, emptying the one that was there: a DROP costs no written rows. */
export function createDirtyTable(engine: SqlEngine, width: number): void {
  engine.run(`DROP TABLE IF EXISTS ${dirty}`);
  engine.run(`CREATE TABLE ${dirty} (id INTEGER PRIMARY KEY, tbl, ${keyColumns(width).join(", ")})`);
}

/** Makes the note-book where it is missing or too narrow. Gives whether it was made, and so is empty. */
export function ensureDirtyTable(engine: SqlEngine, width: number): boolean {
  const columns = engine.run(`SELECT count(*) FROM pragma_table_info('${dirty}')`).rows[0]?.[0];
  const fits = Number(columns) - 2 >= width;
  if (!fits) createDirtyTable(engine, width);
  return !fits;
}

/** The number of the last note. */
export function lastNote(engine: SqlEngine): number {
  return Number(engine.run(`SELECT max(id) FROM ${dirty}`).rows[0]?.[0] ?? 0);
}

/** Columns that the keys of `tables` need at most. */
export const keyWidth = (tables: readonly Table[]): number => Math.max(1, ...tables.map(({ key }) => key.length));

/** The triggers that note changes of `table`, by name. */
function captureTriggers(table: Table): Map<string, string> {
  const { name, key, collations } = table;
  const note = (row: "NEW" | "OLD") =>
    `INSERT INTO ${dirty}(tbl, ${keyColumns(key.length).join(", ")}) SELECT ${[quoteText(name), ...key.map((column) => `${row}.${quoteName(column)}`)].join(", ")}`;
  const moved = key
    .map((column, at) => `OLD.${quoteName(column)} IS NOT NEW.${quoteName(column)} COLLATE ${collations[at]}`)
    .join(" OR ");
  const bodies = { insert: note("NEW"), update: `${note("NEW")}; ${note("OLD")} WHERE ${moved}`, delete: note("OLD") };
  return new Map(
    Object.entries(bodies).map(([event, body]) => {
      const trigger = `${systemPrefix}${event}_${name}`;
      return [
        trigger,
        `CREATE TRIGGER ${quoteName(trigger)} AFTER ${event.toUpperCase()} ON ${quoteName(name)} BEGIN ${body}; END`,
      ];
    }),
  );
}

/** Makes the triggers in the database those that `tables` need, whatever a change of schema left behind. */
export function reconcileTriggers(engine: SqlEngine, tables: readonly Table[]): void {
  const wanted = new Map(tables.flatMap((table) => [...captureTriggers(table)]));
  const { rows } = engine.run(
    `SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '${systemPrefix.replaceAll("_", "\\_")}%' ESCAPE '\\'`,
  );
  for (const [found, sql] of rows) {
    if (wanted.get(String(found)) === sql) wanted.delete(String(found));
    else engine.run(`DROP TRIGGER ${quoteName(String(found))}`);
  }
  for (const sql of wanted.values()) engine.run(sql);
}

/** Notes every row of `table`, for a table that was made together with its rows. */
export function noteAllRows(engine: SqlEngine, { name, key }: Table): void {
  engine.run(
    `INSERT INTO ${dirty}(tbl, ${keyColumns(key.length).join(", ")}) SELECT ${quoteText(name)}, ${key.map(quoteName).join(", ")} FROM ${quoteName(name)}`,
  );
}

/** Notes of one transaction: those past `after`, up to `last`. */
export interface NoteRange {
  readonly after: number;
  readonly last: number;
}

/**
 * Reads the net change that the notes in `range` stand for: each touched row once, as it is now.
 *
 * @throws {Undo} past `limits.transactionRows` notes or `limits.recordBytes` of values.
 */
export function collectChanges(engine: SqlEngine, tables: readonly Table[], range: NoteRange): RowChange[] {
  if (range.last === range.after) return [];
  if (range.last - range.after > limits.transactionRows) tooLarge(`${limits.transactionRows} rows`);
  const touched = engine
    .run(`SELECT DISTINCT tbl FROM ${dirty} WHERE id > ?`, range.after)
    .rows.map(([name]) => String(name));
  const budget = { bytes: limits.recordBytes };
  // DROP TABLE deletes its rows one by one where a foreign key refers to the table itself: those went with the table.
  const standing = touched.flatMap((name) => tables.find((table) => table.name === name) ?? []);
  return standing.map((table) => collectTable(engine, table, range, budget));
}

/** Rows read in one go: each may hold 2 MB, and `limits.recordBytes` is looked at between. */
const pageNotes = 16;

function collectTable(
  engine: SqlEngine,
  table: Table,
  { after, last }: NoteRange,
  budget: { bytes: number },
): RowChange {
  const images = new Map<string, readonly Value[]>();
  const deleted = new Map<string, readonly Value[]>();
  const select = `SELECT DISTINCT ${keyColumns(table.key.length).join(", ")} FROM ${dirty} WHERE id > ?1 AND id <= ?2 AND tbl = ?3`;
  for (let from = after; from < last; from += pageNotes) {
    const notes = { sql: select, binds: [from, from + pageNotes, table.name] };
    for (const { key, image } of readImages(engine, table, notes)) {
      const row = image ?? key;
      const identity = identify(image ? keyOf(table, image) : key);
      const kept = image ? images : deleted;
      if (!kept.has(identity)) spend(budget, row);
      kept.set(identity, row);
    }
  }
  return { type: "rows", table: table.name, deleted: [...deleted.values()], images: [...images.values()] };
}

/** The key within an image: the rowid leads it, or the primary key stands among its columns. */
function keyOf(table: Table, image: readonly Value[]): readonly Value[] {
  if (!table.withoutRowid) return image.slice(0, 1);
  return table.key.map((column) => image[table.columns.indexOf(column)] ?? null);
}

const identify = (key: readonly Value[]): string =>
  key
    .map(
      (value) =>
        `${typeof value}:${value instanceof Uint8Array ? value.join() : typeof value === "object" && value ? value.rawText.join() : String(value)}`,
    )
    .join("\0");

function spend(budget: { bytes: number }, row: readonly Value[]): void {
  for (const value of row) budget.bytes -= sizeOf(value);
  if (budget.bytes < 0) tooLarge(`${limits.recordBytes} bytes`);
}

function sizeOf(value: Value): number {
  if (typeof value === "string") return value.length + 2;
  if (value instanceof Uint8Array) return value.length + 2;
  return value !== null && typeof value === "object" ? value.rawText.length + 2 : 9;
}
