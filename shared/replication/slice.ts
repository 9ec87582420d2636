import { ByteReader, ByteWriter } from "../binlog/bytes.ts";
import { keyOf } from "../binlog/capture.ts";
import { hexOf } from "../binlog/describe.ts";
import { imageColumns, readExactly } from "../binlog/images.ts";
import { readValue, writeValue } from "../binlog/value-codec.ts";
import { limits } from "../kernel/limits.ts";
import type { Table } from "../sql/catalog.ts";
import type { SqlEngine } from "../sql/engine.ts";
import { quoteName } from "../sql/names.ts";
import { boundAs, type Value } from "../sql/value.ts";

/** A place between two rows of the database: tables stand in the order of their names, rows in that of their keys. */
export interface Cursor {
  readonly table: string;
  /** The key of the row before; empty at the beginning of the table. */
  readonly after: readonly Value[];
}

/** The beginning of every database. */
export const startCursor: Cursor = { table: "", after: [] };

/** A cursor as plain data. */
export interface StoredCursor {
  readonly table: string;
  /** The values of the key in hex, as the log writes them. */
  readonly after: string;
}

export const storeCursor = ({ table, after }: Cursor): StoredCursor => ({ table, after: hexOf(encodeRow(after)) });

/** Reads what `storeCursor` wrote. */
export function restoreCursor({ table, after }: StoredCursor): Cursor {
  const reader = new ByteReader(Uint8Array.from(after.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16)));
  const values: Value[] = [];
  while (reader.left > 0) values.push(readValue(reader));
  return { table, after: values };
}

/** The values of a row as bytes, exact to the bit. */
export function encodeRow(values: readonly Value[]): Uint8Array {
  const out = new ByteWriter();
  for (const value of values) writeValue(out, value);
  return out.written();
}

/** Rows of one table that follow each other. */
export interface SlicePart {
  readonly table: Table;
  readonly after: readonly Value[];
  /** The rows as after-images. */
  readonly images: readonly (readonly Value[])[];
  /** Whether no row follows them. */
  readonly last: boolean;
}

/** Some of the rows of the database, over as many tables as fit. */
export interface Slice {
  readonly parts: readonly SlicePart[];
  /** Where the next slice begins; `null` behind the last table. */
  readonly next: Cursor | null;
}

/** How much a slice may hold. A table counts as a row; a single row may have any size. */
export interface SliceSize {
  readonly rows: number;
  readonly bytes: number;
}

/** The size of a slice but for tests. */
export const sliceSize: SliceSize = { rows: limits.sliceRows, bytes: limits.sliceBytes };

/** Reads what follows `cursor`, as much as fits into `size`. */
export function readSlice(engine: SqlEngine, tables: readonly Table[], cursor: Cursor, size = sliceSize): Slice {
  const room: Room = { ...size, isWhole: true };
  const parts: SlicePart[] = [];
  for (const table of tables.toSorted(byName)) {
    if (table.name < cursor.table) continue;
    const after = table.name === cursor.table ? cursor.after : [];
    if (room.rows <= 0) return { parts, next: { table: table.name, after } };
    const part = readPart(engine, table, after, room);
    if (part.last || part.images.length > 0) parts.push(part);
    if (!part.last) return { parts, next: { table: table.name, after: endOf(part) } };
  }
  return { parts, next: null };
}

/** What a slice has room for still. */
interface Room {
  rows: number;
  bytes: number;
  /** Whether no row is in it yet. */
  isWhole: boolean;
}

const byName = (one: Table, other: Table): number => (one.name < other.name ? -1 : 1);

function readPart(engine: SqlEngine, table: Table, after: readonly Value[], room: Room): SlicePart {
  const images: (readonly Value[])[] = [];
  for (const image of rowsAfter(engine, table, after)) {
    const bytes = encodeRow(image).length;
    const fits = room.rows > 0 && (room.isWhole || bytes <= room.bytes);
    if (!fits) return { table, after, images, last: false };
    room.rows -= 1;
    room.bytes -= bytes;
    room.isWhole = false;
    images.push(image);
  }
  room.rows -= 1;
  return { table, after, images, last: true };
}

/** The key of the last row of a part, or what the part begins after. */
function endOf({ table, after, images }: Omit<SlicePart, "last">): readonly Value[] {
  const image = images.at(-1);
  return image ? keyOf(table, image) : after;
}

/** Rows read in one go: each may be 2 MB. */
const stepRows = 16;

/** The rows of `table` after the key `after` as after-images, in the order of the key. Hold no transaction open over it, nor a turn. */
export function* rowsAfter(engine: SqlEngine, table: Table, after: readonly Value[]): Generator<readonly Value[]> {
  for (let from = after; ;) {
    const images = readStep(engine, table, from);
    yield* images;
    if (images.length < stepRows) return;
    from = endOf({ table, after: from, images });
  }
}

function readStep(engine: SqlEngine, table: Table, after: readonly Value[]): Value[][] {
  const { key, collations } = table;
  const columns = key.map(quoteName).join(", ");
  const bound = after.map((value, at) => boundAs(value, at + 1));
  const place = bound.map(({ expression }, at) => `${expression} COLLATE ${collations[at]}`).join(", ");
  const where = after.length > 0 ? `WHERE (${columns}) > (${place})` : "";
  const order = key.map((column, at) => `${quoteName(column)} COLLATE ${collations[at]}`).join(", ");
  const sql = `FROM ${quoteName(table.name)} ${where} ORDER BY ${order} LIMIT ${stepRows}`;
  return readExactly(engine, imageColumns(table).map(quoteName), { sql, binds: bound.map(({ bind }) => bind) });
}
