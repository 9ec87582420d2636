import { sealRecord, type Change } from "../binlog/record.ts";
import type { BinLog } from "../binlog/log.ts";
import { lsn, type Lsn } from "../kernel/brand.ts";
import { failure, type Failure } from "../kernel/error.ts";
import { schemaObjects, type Table } from "../sql/catalog.ts";
import type { SqlEngine } from "../sql/engine.ts";
import { searchSettings } from "./search-snapshot.ts";
import { readSlice, sliceSize, type Cursor, type Slice, type SliceSize } from "./slice.ts";

/** What a replica asks for: the schema, with which a snapshot begins, or the rows behind a place in it. */
export type SnapshotRequest =
  | { readonly type: "schema" }
  | {
      readonly type: "rows";
      /** The position of the schema's page: the log must reach back to it. */
      readonly base: Lsn;
      /** The schema of that page: it must be the primary's still. */
      readonly schemaVersion: number;
      readonly cursor: Cursor;
    };

/**
 * A page, or why there is none. A page has the form of a log record: it stands where the next record would at the moment
 * of its reading, so that its header tells position, schema and checksum of the log's end. The last page holds no rows but
 * the AUTOINCREMENT counters and the settings of full-text tables.
 */
export type SnapshotReply = { readonly ok: true; readonly page: Uint8Array } | Failure;

/** Makes the page that `request` asks for, from the primary's data of this moment. */
export function snapshotPage(
  engine: SqlEngine,
  log: BinLog,
  tables: readonly Table[],
  request: SnapshotRequest,
  size = sliceSize,
): SnapshotReply {
  if (request.type === "schema") return page(log, schemaOf(engine));
  const { schemaVersion, lsn: last } = log.position;
  if (request.schemaVersion !== schemaVersion) return failure("snapshot-outdated", "The schema has changed.");
  if (request.base + 1 < log.firstLsn || request.base > last)
    return failure("snapshot-outdated", `The log begins at ${log.firstLsn} and ends at ${last}.`);
  const { parts } = nextRows(engine, tables, request.cursor, size);
  const rows = parts.flatMap(({ table, images }): Change[] =>
    images.length > 0 ? [{ type: "rows", table: table.name, deleted: [], images }] : [],
  );
  return page(log, rows.length > 0 ? rows : [...countersOf(engine, tables), ...searchSettings(engine)]);
}

/** The next slice with a row in it, past whatever empty tables there are; without one at the end. */
function nextRows(engine: SqlEngine, tables: readonly Table[], cursor: Cursor, size: SliceSize): Slice {
  const slice = readSlice(engine, tables, cursor, size);
  const isEmpty = slice.parts.every(({ images }) => images.length === 0);
  return isEmpty && slice.next ? nextRows(engine, tables, slice.next, size) : slice;
}

function page(log: BinLog, changes: readonly Change[]): SnapshotReply {
  const { epoch, lsn: last, checksum, schemaVersion } = log.position;
  const header = { epoch, lsn: lsn(last + 1), schemaVersion, committedAtMs: 0, previous: checksum };
  return { ok: true, page: sealRecord(header, changes).bytes };
}

/** What an object may name stands before it: tables, then indexes, then views, then triggers, each in the order of their making. */
const order = ["table", "index", "view", "trigger"];

const schemaOf = (engine: SqlEngine): Change[] =>
  schemaObjects(engine)
    .toSorted((one, other) => order.indexOf(one.type) - order.indexOf(other.type))
    .map(({ sql }) => ({ type: "schema", sql }));

/** The counter of each table that has one; its row may be gone, but the replica made one when it inserted the rows. */
function countersOf(engine: SqlEngine, tables: readonly Table[]): Change[] {
  const counted = tables.filter(({ autoincrement }) => autoincrement).map(({ name }) => name);
  if (counted.length === 0) return [];
  const { rows } = engine.run("SELECT name, CAST(seq AS TEXT) FROM sqlite_sequence");
  const values = new Map(rows.map(([name, value]) => [String(name), BigInt(String(value))]));
  const names = new Set([...counted, ...values.keys()]);
  return [...names].map((table) => ({ type: "sequence", table, value: values.get(table) ?? null }));
}
