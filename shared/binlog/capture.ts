import { undo } from "../kernel/error.ts";
import { limits } from "../kernel/limits.ts";
import type { Table } from "../sql/catalog.ts";
import type { SqlEngine } from "../sql/engine.ts";
import { quoteName, quoteText } from "../sql/names.ts";
import { utf8Length, type Value } from "../sql/value.ts";
import { dirty, keyColumns, replacing } from "./capture-triggers.ts";
import { readImages } from "./images.ts";
import { tooLarge, type RowChange } from "./record.ts";

/*
 * Notes which rows a transaction touched. Triggers on every table of the user write only the table and the key of the
 * row; what the row became is read once at the end. So the order of triggers, cascades, repeated changes and conflict
 * clauses cannot leave a wrong image in the log. The note-book's key is a plain rowid, since a conflict clause of the
 * user's statement reaches into trigger bodies (https://sqlite.org/lang_createtrigger.html) and must find nothing to
 * ignore or replace there.
 */

/** Makes the note-book with room for keys of `width` columns, emptying the one that was there: a DROP costs no written rows. */
export function createDirtyTable(engine: SqlEngine, width: number): void {
  engine.run(`DROP TABLE IF EXISTS ${dirty}`);
  engine.run(`CREATE TABLE ${dirty} (id INTEGER PRIMARY KEY, tbl, pushed, ${keyColumns(width).join(", ")})`);
  engine.run(`CREATE TABLE IF NOT EXISTS ${replacing} (id INTEGER PRIMARY KEY)`);
}

/** Makes the note-book where it is missing or too narrow. Gives whether it was made, and so is empty. */
export function ensureDirtyTable(engine: SqlEngine, width: number): boolean {
  const columns = engine.run(
    `SELECT count(*) FILTER (WHERE name GLOB 'k*') * max(name = 'pushed') FROM pragma_table_info('${dirty}')`,
  );
  const fits = Number(columns.rows[0]?.[0]) >= width;
  if (!fits) createDirtyTable(engine, width);
  return !fits;
}

/** Says whether rows that are pushed out by a REPLACE conflict clause are to be noted from now on. */
export function notePushedRows(engine: SqlEngine, on: boolean): void {
  engine.run(on ? `INSERT OR IGNORE INTO ${replacing} VALUES (1)` : `DELETE FROM ${replacing}`);
}

/** The number of the last note. */
export function lastNote(engine: SqlEngine): number {
  return Number(engine.run(`SELECT max(id) FROM ${dirty}`).rows[0]?.[0] ?? 0);
}

/** Columns that the keys of `tables` need at most. */
export const keyWidth = (tables: readonly Table[]): number => Math.max(1, ...tables.map(({ key }) => key.length));

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
  const changes = standing.map((table) => collectTable(engine, table, range, budget));
  return changes.filter(({ deleted, images }) => deleted.length + images.length > 0);
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
  for (const { key, image, pushed } of notedRows(engine, table, { after, last })) {
    // A row that was in the way and is still there was not pushed out. Whatever else befell it has a note of its own.
    if (image && pushed) continue;
    const row = image ?? key;
    const identity = identify(image ? keyOf(table, image) : key);
    const kept = image ? images : deleted;
    if (!kept.has(identity)) spend(budget, row);
    kept.set(identity, row);
  }
  return { type: "rows", table: table.name, deleted: [...deleted.values()], images: [...images.values()] };
}

/** The rows that the notes of `table` name, page by page. */
function* notedRows(engine: SqlEngine, table: Table, { after, last }: NoteRange) {
  const keys = `SELECT DISTINCT ${keyColumns(table.key.length).join(", ")} FROM ${dirty} WHERE id > ?1 AND id <= ?2 AND tbl = ?3`;
  const anyPushed = engine.run(`SELECT 1 FROM ${dirty} WHERE id > ? AND tbl = ? AND pushed LIMIT 1`, after, table.name);
  for (let from = after; from < last; from += pageNotes) {
    for (const pushed of anyPushed.rows.length > 0 ? [true, false] : [false]) {
      const sql = `${keys} AND pushed IS ${pushed ? "NOT" : ""} NULL`;
      const found = readImages(engine, table, { sql, binds: [from, from + pageNotes, table.name] });
      for (const row of found) yield { ...row, pushed };
    }
  }
}

/** The key within an image: the rowid leads it, or the primary key stands among its columns. */
export function keyOf(table: Table, image: readonly Value[]): readonly Value[] {
  if (!table.withoutRowid) return image.slice(0, 1);
  return table.key.map((column) => image[table.columns.indexOf(column)] ?? null);
}

/** A text for each key: a blob and the same bytes as text are two keys, and so is text that is split at another place. */
const identify = (key: readonly Value[]): string => key.map(identifyValue).join("");

function identifyValue(value: Value): string {
  const text = textOf(value);
  return `${classOf(value)}:${text.length}:${text}`;
}

const classOf = (value: Value): string => (value instanceof Uint8Array ? "blob" : typeof value);

function textOf(value: Value): string {
  if (value instanceof Uint8Array) return value.join();
  return typeof value === "object" && value ? value.rawText.join() : String(value);
}

function spend(budget: { bytes: number }, row: readonly Value[]): void {
  const bytes = row.reduce<number>((sum, value) => sum + sizeOf(value), 0);
  if (bytes > limits.rowBytes) undo("statement-refused", `A row takes at most ${limits.rowBytes} bytes.`);
  budget.bytes -= bytes;
  if (budget.bytes < 0) tooLarge(`${limits.recordBytes} bytes`);
}

function sizeOf(value: Value): number {
  if (typeof value === "string") return (value.length * 3 > limits.rowBytes ? utf8Length(value) : value.length) + 2;
  if (value instanceof Uint8Array) return value.length + 2;
  return value !== null && typeof value === "object" ? value.rawText.length + 2 : 9;
}
