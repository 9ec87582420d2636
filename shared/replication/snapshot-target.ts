import type { BinLog, LogPosition } from "../binlog/log.ts";
import { openRecord, readChanges, type Change, type SealedRecord } from "../binlog/record.ts";
import { keyOf } from "../binlog/capture.ts";
import { assert, AssertionError, present } from "../kernel/assert.ts";
import { lsn } from "../kernel/brand.ts";
import { failure, type Failure } from "../kernel/error.ts";
import { limits } from "../kernel/limits.ts";
import { schemaObjects, type Table } from "../sql/catalog.ts";
import { SqlError, type SqlEngine } from "../sql/engine.ts";
import { quoteName } from "../sql/names.ts";
import type { ParkedTriggers } from "./parked-triggers.ts";
import { rebuildSearch } from "./search-snapshot.ts";
import { restoreCursor, startCursor, storeCursor, type Cursor } from "./slice.ts";
import type { SnapshotReply, SnapshotRequest } from "./snapshot-source.ts";
import type { Standing, StoredStanding } from "./standing.ts";

/** What the snapshot needs of the replica that it fills. */
export interface Filled {
  readonly engine: SqlEngine;
  readonly log: BinLog;
  readonly parked: ParkedTriggers;
  readonly standing: StoredStanding;
  /** The tables as they are. */
  tables(): readonly Table[];
  /** The schema has changed: reads the tables again. */
  reloadTables(): void;
  /** Makes the rows and counters what `change` says. */
  apply(change: Change): void;
}

/**
 * Fills a replica from the primary while writes go on. The pages are read at different positions, so what they make
 * together is no state that the primary ever had; the log from the first page on, replayed over them, ends that: see
 * `docs/design/replication.md`. Each page is one transaction with the place where the next one begins, so that it goes on
 * after a reset of either side.
 */
export class SnapshotTarget {
  readonly #replica: Filled;
  #asked: Standing | undefined;

  constructor(replica: Filled) {
    this.#replica = replica;
  }

  /** Has the replica filled anew. What it holds is dropped with the first page. */
  rebuild(): void {
    this.#replica.standing.become({ state: "wanted", tries: 0 });
  }

  /** What to ask the primary for next; `undefined` when no page is wanted. Each request is to be answered before the next. */
  request(): SnapshotRequest | undefined {
    this.#asked = this.#replica.standing.current;
    return requestOf(this.#asked);
  }

  /** Is there anything left to ask for or to tell? */
  get isUnderWay(): boolean {
    return requestOf(this.#replica.standing.current) !== undefined || this.isToAnnounce;
  }

  /** Is the primary to be told that all pages are here, so that it sends records and has a round of checks made? */
  get isToAnnounce(): boolean {
    const standing = this.#replica.standing.current;
    return standing.state === "verifying" && !standing.announced;
  }

  /** The primary was told. */
  announced(): void {
    const standing = this.#replica.standing.current;
    if (standing.state === "verifying") this.#replica.standing.become({ ...standing, announced: true });
  }

  /** Milliseconds to wait before the next request: none, unless the schema has changed too often under the snapshot. */
  get waitMs(): number {
    const standing = this.#replica.standing.current;
    return standing.state === "wanted" && standing.tries >= limits.snapshotTries ? limits.snapshotWaitMs : 0;
  }

  /** Takes the answer to the last request. A failure says that the same is to be asked for again. */
  take(reply: SnapshotReply): { readonly ok: true } | Failure {
    if (this.#asked !== this.#replica.standing.current) return { ok: true };
    if (!reply.ok) return reply.code === "snapshot-outdated" ? this.beginAnew() : reply;
    const page = openRecord(reply.page);
    return page ? this.#takePage(page) : failure("damaged", "A page of the snapshot was damaged on its way.");
  }

  #takePage(page: SealedRecord): { readonly ok: true } | Failure {
    const { engine, log, standing } = this.#replica;
    const { mark } = log;
    try {
      engine.transaction(() => this.#apply(page, readChanges(page)));
      return { ok: true };
    } catch (error) {
      log.rewind(mark);
      standing.reload();
      this.#replica.reloadTables();
      if (error instanceof SqlError || error instanceof AssertionError) return this.beginAnew();
      throw error;
    }
  }

  /** What has come so far is of no use. */
  beginAnew(): { readonly ok: true } {
    this.#replica.standing.become({ state: "wanted", tries: this.#tries + 1 });
    return { ok: true };
  }

  /** Is a difference to be put right by filling the replica once more? Not outside of a snapshot, nor without end. */
  get mayBeginAnew(): boolean {
    return this.#replica.standing.current.state === "verifying" && this.#tries < limits.snapshotTries;
  }

  get #tries(): number {
    const { current } = this.#replica.standing;
    return "tries" in current ? current.tries : 0;
  }

  /**
   * Is the log replayed over rows that are partly younger than it? What is not idempotent by itself must then be made so,
   * and nothing can be compared yet.
   */
  get isEarly(): boolean {
    const { current } = this.#replica.standing;
    return current.state === "verifying" && this.#replica.log.position.lsn <= current.target;
  }

  /** Called behind each record: at the end of the snapshot, all rows are of one state again. */
  replayed(): void {
    const { current } = this.#replica.standing;
    if (current.state === "verifying" && this.#replica.log.position.lsn === current.target)
      rebuildSearch(this.#replica.engine);
  }

  #apply(page: SealedRecord, changes: readonly Change[]): void {
    const { standing } = this.#replica;
    const { current } = standing;
    if (current.state === "wanted") return this.#begin(positionOf(page), changes, current.tries);
    assert(current.state === "filling", "a page for a replica that is not filled");
    assert(page.header.schemaVersion === current.schemaVersion, "the page is of another schema");
    for (const change of changes) this.#replica.apply(change);
    const cursor = this.#endOf(changes);
    if (cursor) standing.become({ ...current, cursor: storeCursor(cursor) });
    else this.#end(positionOf(page), current.tries);
  }

  #end({ lsn: target }: LogPosition, tries: number): void {
    this.#replica.standing.become({ state: "verifying", tries, target, announced: false });
    this.replayed();
  }

  /** Drops all there is, and makes the schema. Unique indexes included: why a row may push out another one, see the design. */
  #begin(position: LogPosition, changes: readonly Change[], tries: number): void {
    const { engine, log, parked, standing } = this.#replica;
    dropAll(engine, parked);
    log.restart(position);
    parked.whileUnparked(() => {
      for (const change of changes) {
        assert(change.type === "schema", "a snapshot begins with its schema");
        engine.run(change.sql);
      }
    });
    this.#replica.reloadTables();
    const { lsn: base, schemaVersion } = position;
    standing.become({ state: "filling", tries, base, schemaVersion, cursor: storeCursor(startCursor) });
  }

  /** The place behind the last row of a page; `undefined` for the last page. */
  #endOf(changes: readonly Change[]): Cursor | undefined {
    const last = changes.findLast((change) => change.type === "rows");
    if (!last) return undefined;
    const table = this.#replica.tables().find(({ name }) => name === last.table);
    const image = present(last.images.at(-1), "a row of the page");
    return { table: last.table, after: keyOf(present(table, `table ${last.table}`), image) };
  }
}

function requestOf(standing: Standing): SnapshotRequest | undefined {
  if (standing.state === "wanted") return { type: "schema" };
  if (standing.state !== "filling") return undefined;
  const { base, schemaVersion, cursor } = standing;
  return { type: "rows", base, schemaVersion, cursor: restoreCursor(cursor) };
}

/** The end of the primary's log when it read the page. */
const positionOf = ({ header }: SealedRecord): LogPosition => ({
  epoch: header.epoch,
  lsn: lsn(header.lsn - 1),
  checksum: header.previous,
  schemaVersion: header.schemaVersion,
});

function dropAll(engine: SqlEngine, parked: ParkedTriggers): void {
  for (const { type, name } of schemaObjects(engine))
    if (type === "table" || type === "view") engine.run(`DROP ${type} IF EXISTS ${quoteName(name)}`);
  parked.clear();
  const counters = engine.run("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").rows;
  if (counters.length > 0) engine.run("DELETE FROM sqlite_sequence");
}
