import { assert } from "../kernel/assert.ts";
import { epoch, lsn, type Epoch, type Lsn } from "../kernel/brand.ts";
import { undo } from "../kernel/error.ts";
import { limits } from "../kernel/limits.ts";
import type { Value } from "../sql/value.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { checksumOf, type Checksum } from "./checksum.ts";
import { readValue, writeValue } from "./value-codec.ts";

/** The net change of one table within a transaction: what each touched row is after it. */
export interface RowChange {
  readonly type: "rows";
  readonly table: string;
  /** Keys of rows that are gone. */
  readonly deleted: readonly (readonly Value[])[];
  /** After-images: the values of all stored columns, led by the rowid where the table has one. */
  readonly images: readonly (readonly Value[])[];
}

/** A statement that changed the schema, as its text. */
export interface SchemaChange {
  readonly type: "schema";
  readonly sql: string;
}

/** An AUTOINCREMENT counter's new value, or null where its row is gone. */
export interface SequenceChange {
  readonly type: "sequence";
  readonly table: string;
  readonly value: bigint | null;
}

/**
 * What a slice of a table held on the primary at this very place in the log; it changes nothing. Whoever replays it is at
 * the same place and must find the same, as with pt-table-checksum's statements.
 */
export interface CheckChange {
  readonly type: "check";
  /** The table, or `sqlite_schema` for the texts of the schema and the AUTOINCREMENT counters. */
  readonly table: string;
  /** The position at which the round of checks began that this slice is of. */
  readonly since: Lsn;
  /** The key after which the slice begins; empty at the table's beginning. */
  readonly after: readonly Value[];
  /** Rows of the slice, in the order of the key. */
  readonly rows: number;
  /** Whether no row follows the slice. */
  readonly last: boolean;
  /** The sum of the rows' hashes, a signed integer of 64 bits: see `content-hash.ts`. */
  readonly hash: bigint;
}

/**
 * A statement on a full-text table that holds no rows of its own, or a command to one, which is run as it is: at this place
 * in the log it does the same everywhere, since it has its values with it.
 */
export interface StatementChange {
  readonly type: "statement";
  readonly sql: string;
  /** For the parameters ?1, ?2, ... of the text. */
  readonly values: readonly Value[];
}

export type Change = RowChange | SchemaChange | SequenceChange | CheckChange | StatementChange;

/** Where a record stands in the log. */
export interface RecordHeader {
  readonly epoch: Epoch;
  readonly lsn: Lsn;
  /** The number of schema changes up to the end of this transaction. */
  readonly schemaVersion: number;
  /** The primary's clock at commit, for lag in milliseconds; nothing is decided by it. */
  readonly committedAtMs: number;
  /** The checksum of the record before: the chain. */
  readonly previous: Checksum;
}

/** One committed transaction as bytes, with what is needed to place it. */
export interface SealedRecord {
  readonly header: RecordHeader;
  readonly checksum: Checksum;
  readonly bytes: Uint8Array;
}

const formatVersion = 1;
const checksumBytes = 8;
/** Format, epoch, LSN, schema version, time, checksum of the record before. */
const headerBytes = 1 + 4 + 8 + 4 + 8 + checksumBytes;
const types = ["rows", "schema", "sequence", "check", "statement"] as const;
/** A type, and an empty text. */
const leastChangeBytes = 2;

/** Undoes a transaction that is too large for one record. */
export function tooLarge(bound: string): never {
  return undo("transaction-too-large", `One transaction may change at most ${bound}. Split it into batches.`);
}

/**
 * Makes the record of one transaction.
 *
 * @throws {Undo} past `limits.recordBytes`.
 */
export function sealRecord(header: RecordHeader, changes: readonly Change[]): SealedRecord {
  const out = new ByteWriter();
  writeHeader(out, header);
  out.count(changes.length);
  for (const change of changes) writeChange(out, change);
  if (out.length > limits.recordBytes) tooLarge(`${limits.recordBytes} bytes`);
  const checksum = checksumOf(out.written());
  writeChecksum(out, checksum);
  return { header, checksum, bytes: out.written().slice() };
}

/**
 * Reads the header of a record and verifies its checksum.
 *
 * @returns `undefined` where the bytes are damaged or of an unknown format.
 */
export function openRecord(bytes: Uint8Array): SealedRecord | undefined {
  if (bytes.length <= headerBytes + checksumBytes || bytes[0] !== formatVersion) return undefined;
  if (bytes.length > limits.recordBytes + checksumBytes) return undefined;
  const checksum = checksumOf(bytes.subarray(0, -checksumBytes));
  if (readChecksum(new ByteReader(bytes.subarray(-checksumBytes))) !== checksum) return undefined;
  const header = readHeader(new ByteReader(bytes));
  return isPossible(header) ? { header, checksum, bytes } : undefined;
}

const isPossible = ({ lsn: at, committedAtMs }: RecordHeader): boolean =>
  Number.isSafeInteger(at) && at > 0 && Number.isFinite(committedAtMs);

/**
 * The changes of a record whose checksum was verified by `openRecord`. There is one form for each record: what is read
 * here would be written as the same bytes again.
 *
 * @throws {AssertionError} where the bytes are no such form; it never makes room for more than they hold.
 */
export function readChanges({ bytes }: SealedRecord): Change[] {
  const reader = new ByteReader(bytes.subarray(0, -checksumBytes));
  readHeader(reader);
  const changes = Array.from({ length: reader.countOf(leastChangeBytes) }, () => readChange(reader));
  assert(reader.left === 0, "the record holds more than its changes");
  return changes;
}

function writeHeader(out: ByteWriter, header: RecordHeader): void {
  out.u8(formatVersion);
  out.u32(header.epoch);
  out.i64(BigInt(header.lsn));
  out.u32(header.schemaVersion);
  out.f64(header.committedAtMs);
  writeChecksum(out, header.previous);
}

function readHeader(reader: ByteReader): RecordHeader {
  assert(reader.u8() === formatVersion, "the record is of an unknown format");
  return {
    epoch: epoch(reader.u32()),
    lsn: lsn(Number(reader.i64())),
    schemaVersion: reader.u32(),
    committedAtMs: reader.f64(),
    previous: readChecksum(reader),
  };
}

function writeChecksum(out: ByteWriter, checksum: Checksum): void {
  out.u32(Number.parseInt(checksum.slice(0, 8), 16));
  out.u32(Number.parseInt(checksum.slice(8), 16));
}

const readChecksum = (reader: ByteReader): Checksum =>
  [reader.u32(), reader.u32()].map((half) => half.toString(16).padStart(8, "0")).join("");

function writeChange(out: ByteWriter, change: Change): void {
  out.u8(types.indexOf(change.type));
  switch (change.type) {
    case "rows":
      out.text(change.table);
      writeRows(out, change.deleted);
      writeRows(out, change.images);
      return;
    case "schema":
      out.text(change.sql);
      return;
    case "sequence":
      out.text(change.table);
      writeValue(out, change.value);
      return;
    case "check":
      return writeCheck(out, change);
    case "statement":
      out.text(change.sql);
      out.count(change.values.length);
      for (const value of change.values) writeValue(out, value);
  }
}

function writeCheck(out: ByteWriter, { table, since, after, rows, last, hash }: CheckChange): void {
  out.text(table);
  out.count(since);
  out.count(after.length);
  for (const value of after) writeValue(out, value);
  out.count(rows);
  out.u8(last ? 1 : 0);
  out.i64(hash);
}

function readChange(reader: ByteReader): Change {
  const type = types[reader.u8()];
  switch (type) {
    case "rows":
      return { type, table: reader.text(), deleted: readRows(reader), images: readRows(reader) };
    case "schema":
      return { type, sql: reader.text() };
    case "sequence":
      return { type, table: reader.text(), value: readSequence(reader) };
    case "check":
      return readCheck(reader);
    case "statement":
      return { type, sql: reader.text(), values: Array.from({ length: reader.countOf(1) }, () => readValue(reader)) };
    default:
      assert(type !== undefined, "the record holds a change of an unknown type");
      return type;
  }
}

function readCheck(reader: ByteReader): CheckChange {
  const [table, since] = [reader.text(), lsn(reader.count())];
  const after = Array.from({ length: reader.countOf(1) }, () => readValue(reader));
  const [rows, last] = [reader.count(), reader.u8()];
  assert(last <= 1, "the record holds a flag that is neither 0 nor 1");
  return { type: "check", table, since, after, rows, last: last === 1, hash: reader.i64() };
}

function readSequence(reader: ByteReader): bigint | null {
  const value = readValue(reader);
  assert(value === null || typeof value === "bigint", "a sequence is an integer");
  return value;
}

function writeRows(out: ByteWriter, rows: readonly (readonly Value[])[]): void {
  out.count(rows.length);
  out.count(rows[0]?.length ?? 0);
  for (const row of rows) for (const value of row) writeValue(out, value);
}

function readRows(reader: ByteReader): Value[][] {
  const length = reader.countOf(1);
  const width = reader.countOf(length);
  assert(width > 0 === length > 0, "the record holds rows without columns");
  return Array.from({ length }, () => Array.from({ length: width }, () => readValue(reader)));
}
