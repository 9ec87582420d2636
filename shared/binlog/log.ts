import { assert } from "../kernel/assert.ts";
import { epoch, lsn, type Epoch, type Lsn } from "../kernel/brand.ts";
import { limits } from "../kernel/limits.ts";
import type { SqlEngine } from "../sql/engine.ts";
import { quoteName, systemPrefix } from "../sql/names.ts";
import { emptyLogChecksum, type Checksum } from "./checksum.ts";
import { openRecord, type SealedRecord } from "./record.ts";

/** The end of a log: what the next record must follow. */
export interface LogPosition {
  readonly epoch: Epoch;
  readonly lsn: Lsn;
  readonly checksum: Checksum;
  /** The number of schema changes so far. */
  readonly schemaVersion: number;
}

/** The position of a log that holds nothing. */
export const emptyLog: LogPosition = { epoch: epoch(0), lsn: lsn(0), checksum: emptyLogChecksum, schemaVersion: 0 };

/** Records are lost or damaged inside the log. */
export class LogDamaged extends Error {
  override readonly name = "LogDamaged";
}

/** A state of the log to go back to. */
export interface LogMark {
  /** The first LSN of each segment, oldest first. */
  readonly segments: readonly Lsn[];
  /** Bytes in the newest segment. */
  readonly newestBytes: number;
  readonly position: LogPosition;
}

const segmentPrefix = `${systemPrefix}log_`;
/** Where a log begins that did not begin with the first record: one row, or none. */
const baseTable = `${systemPrefix}base`;
const segmentName = (first: Lsn): string => `${segmentPrefix}${String(first).padStart(16, "0")}`;

/**
 * The binlog in SQLite: one table per segment, so that old records go by DROP, which costs no written rows. A record
 * larger than one row may be stands in several parts.
 */
export class BinLog {
  readonly #engine: SqlEngine;
  #segments: readonly Lsn[];
  #newestBytes: number;
  #position: LogPosition;

  constructor(engine: SqlEngine) {
    this.#engine = engine;
    engine.run(`CREATE TABLE IF NOT EXISTS ${baseTable} (epoch, lsn, checksum, schema_version)`);
    this.#segments = findSegments(engine);
    this.#newestBytes = this.#readNewestBytes();
    this.#position = this.#readPosition();
  }

  get position(): LogPosition {
    return this.#position;
  }

  /** The oldest record that is kept, or the one to come in an empty log. */
  get firstLsn(): Lsn {
    return this.#segments[0] ?? lsn(this.#position.lsn + 1);
  }

  get segmentCount(): number {
    return this.#segments.length;
  }

  /** Where the log stands: take it before a transaction, for `rewind` if that is undone. */
  get mark(): LogMark {
    return { segments: this.#segments, newestBytes: this.#newestBytes, position: this.#position };
  }

  /** Goes back to `mark`, after the transaction that appended was undone. Reads nothing, so it cannot fail. */
  rewind({ segments, newestBytes, position }: LogMark): void {
    this.#segments = segments;
    this.#newestBytes = newestBytes;
    this.#position = position;
  }

  /** Drops all records and begins anew after `position`. Undone with the transaction around it: then call `rewind`. */
  restart(position: LogPosition): void {
    for (const first of this.#segments) this.#engine.run(`DROP TABLE ${quoteName(segmentName(first))}`);
    this.#engine.run(`DELETE FROM ${baseTable}`);
    const { epoch: term, lsn: at, checksum, schemaVersion } = position;
    this.#engine.run(`INSERT INTO ${baseTable} VALUES (?, ?, ?, ?)`, term, at, checksum, schemaVersion);
    this.rewind({ segments: [], newestBytes: 0, position });
  }

  /** Appends `record`, which must follow the last one. Undone with the transaction around it: then call `rewind`. */
  append(record: SealedRecord): void {
    const { lsn: next, epoch: term, previous, schemaVersion } = record.header;
    assert(next === this.#position.lsn + 1, `record ${next} does not follow ${this.#position.lsn}`);
    assert(previous === this.#position.checksum, `record ${next} does not continue the checksum chain`);
    assert(term >= this.#position.epoch, `record ${next} is of an older epoch than the log's end`);
    const segment = this.#segmentFor(next, record.bytes.length);
    const table = quoteName(segmentName(segment));
    for (let part = 0; part * limits.logRowBytes < record.bytes.length; part += 1) {
      const bytes = record.bytes.slice(part * limits.logRowBytes, (part + 1) * limits.logRowBytes);
      this.#engine.run(`INSERT INTO ${table} VALUES (?, ?, ?)`, next, part, bytes.buffer);
    }
    if (segment === next) this.#segments = [...this.#segments, segment];
    this.#newestBytes = record.bytes.length + (segment === next ? 0 : this.#newestBytes);
    this.#position = { epoch: term, lsn: next, checksum: record.checksum, schemaVersion };
  }

  /**
   * Reads records from `from` on, at least one if there is any, within the bounds.
   *
   * @throws {LogDamaged} when a record in the range is missing or damaged.
   */
  read(from: Lsn, { bytes: maxBytes, records: maxRecords }: { bytes: number; records: number }): SealedRecord[] {
    const records: SealedRecord[] = [];
    let bytes = 0;
    for (let next = from; next <= this.#position.lsn && records.length < maxRecords; next = lsn(next + 1)) {
      const record = this.#readRecord(next);
      bytes += record.bytes.length;
      if (records.length > 0 && bytes > maxBytes) break;
      records.push(record);
    }
    return records;
  }

  /** Drops the oldest segments beyond `keep` whose records all stand at or before `upTo`. Gives the number dropped. */
  purge(upTo: Lsn, keep: number): number {
    const end = this.#segments.length - keep;
    const surplus = this.#segments.filter((_, at) => at < end && (this.#segments[at + 1] ?? Infinity) <= upTo + 1);
    for (const first of surplus) {
      this.#engine.run(`DROP TABLE ${quoteName(segmentName(first))}`);
      this.#segments = this.#segments.slice(1);
    }
    return surplus.length;
  }

  /** The segment that record `next` of `bytes` bytes goes into, made if it is the first record in it. */
  #segmentFor(next: Lsn, bytes: number): Lsn {
    const current = this.#segments.at(-1);
    const fits = this.#newestBytes + bytes <= limits.segmentBytes;
    if (current !== undefined && fits && next < current + limits.segmentRecords) return current;
    this.#engine.run(
      `CREATE TABLE ${quoteName(segmentName(next))} (lsn INTEGER, part INTEGER, bytes, PRIMARY KEY (lsn, part)) WITHOUT ROWID`,
    );
    return next;
  }

  #readRecord(wanted: Lsn): SealedRecord {
    const segment = this.#segments.findLast((first) => first <= wanted);
    const rows =
      segment === undefined
        ? []
        : this.#engine.run(`SELECT bytes FROM ${quoteName(segmentName(segment))} WHERE lsn = ? ORDER BY part`, wanted)
            .rows;
    const record = openRecord(joinParts(rows.map(([part]) => part)));
    if (record?.header.lsn !== wanted) throw new LogDamaged(`Record ${wanted} is missing or damaged.`);
    return record;
  }

  #readPosition(): LogPosition {
    for (const first of this.#segments.toReversed()) {
      const last = this.#engine.run(`SELECT max(lsn) FROM ${quoteName(segmentName(first))}`).rows[0]?.[0];
      if (typeof last !== "number") continue;
      const { header, checksum } = this.#readRecord(lsn(last));
      return { epoch: header.epoch, lsn: header.lsn, checksum, schemaVersion: header.schemaVersion };
    }
    return this.#readBase() ?? emptyLog;
  }

  #readBase(): LogPosition | undefined {
    const [base] = this.#engine.run(`SELECT epoch, lsn, checksum, schema_version FROM ${baseTable}`).rows;
    if (!base) return undefined;
    const [term, at, checksum, schemaVersion] = base;
    return {
      epoch: epoch(Number(term)),
      lsn: lsn(Number(at)),
      checksum: String(checksum),
      schemaVersion: Number(schemaVersion),
    };
  }

  #readNewestBytes(): number {
    const newest = this.#segments.at(-1);
    if (newest === undefined) return 0;
    return Number(this.#engine.run(`SELECT sum(length(bytes)) FROM ${quoteName(segmentName(newest))}`).rows[0]?.[0]);
  }
}

function findSegments(engine: SqlEngine): Lsn[] {
  const { rows } = engine.run(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB '${segmentPrefix}*' ORDER BY name`,
  );
  return rows.map(([name]) => lsn(Number(String(name).slice(segmentPrefix.length))));
}

function joinParts(parts: readonly unknown[]): Uint8Array {
  const blobs = parts.filter((part) => part instanceof ArrayBuffer).map((part) => new Uint8Array(part));
  const [first] = blobs;
  if (blobs.length === 1 && first) return first;
  const joined = new Uint8Array(blobs.reduce((length, blob) => length + blob.length, 0));
  let at = 0;
  for (const blob of blobs) {
    joined.set(blob, at);
    at += blob.length;
  }
  return joined;
}
