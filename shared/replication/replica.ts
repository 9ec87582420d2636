import { applyRows, applySchema, applySequence, applyStatement } from "../binlog/apply.ts";
import { BinLog, type LogPosition } from "../binlog/log.ts";
import { readChanges, type Change, type CheckChange, type SealedRecord } from "../binlog/record.ts";
import { assert, AssertionError, present } from "../kernel/assert.ts";
import type { Lsn } from "../kernel/brand.ts";
import { failure, type Failure } from "../kernel/error.ts";
import { limits } from "../kernel/limits.ts";
import { StatementAnalyser } from "../sql/analysis.ts";
import { readTables, type Table } from "../sql/catalog.ts";
import { SqlError, type SqlEngine } from "../sql/engine.ts";
import { admit, type Append } from "./admit.ts";
import { hashRows, hashSchema, hashSlice, schemaTable, type ContentHash } from "./content-hash.ts";
import { ParkedTriggers } from "./parked-triggers.ts";
import { applyEarlyStatement } from "./search-snapshot.ts";
import { SnapshotTarget } from "./snapshot-target.ts";
import { refusesReads, refusesRecords, setBack, StoredStanding, type Standing } from "./standing.ts";
import {
  asFailure,
  runRequest,
  type BatchOutcome,
  type StatementRequest,
  type StatementResult,
} from "./statement-run.ts";

/** What a replica answers to an append: where it stands now, and why it took nothing if it did not. */
export type AppendReply = ({ readonly ok: true } | Failure) & { readonly position: LogPosition };

/** Undoes the replay of a check that found a difference. */
class Diverged extends Error {}

/**
 * A node that follows. It appends each record to its own log and replays it in the same transaction, so that its data and
 * its position are one. No trigger and no foreign key acts here: their effects stand in the records.
 */
export class Replica {
  readonly log: BinLog;
  /** Fills this replica anew when it is told to. */
  readonly snapshot: SnapshotTarget;
  readonly #engine: SqlEngine;
  readonly #analyser: StatementAnalyser;
  readonly #parked: ParkedTriggers;
  readonly #standing: StoredStanding;
  #tables: readonly Table[];

  /** @param engine one on which `PRAGMA foreign_keys` is off. */
  constructor(engine: SqlEngine) {
    assert(engine.run("PRAGMA foreign_keys").rows[0]?.[0] === 0, "foreign keys act on a replica");
    this.#engine = engine;
    this.#analyser = new StatementAnalyser(engine, true);
    this.#parked = new ParkedTriggers(engine);
    this.log = new BinLog(engine);
    this.#standing = new StoredStanding(engine);
    this.#tables = readTables(engine);
    this.snapshot = new SnapshotTarget({
      engine,
      log: this.log,
      parked: this.#parked,
      standing: this.#standing,
      tables: () => this.#tables,
      reloadTables: () => (this.#tables = readTables(engine)),
      apply: (change) => this.#apply(change),
    });
  }

  /** What this replica may do. */
  get standing(): Standing {
    return this.#standing.current;
  }

  /** Takes what the primary sent: all records that follow on this log's end, or none of them. */
  append(append: Append): AppendReply {
    const refused = refusesRecords(this.standing);
    if (refused) return { ...refused, position: this.log.position };
    const admitted = admit(this.log.position, append);
    if (!admitted.ok) return { ...this.#notAdmitted(append, admitted), position: this.log.position };
    const replayed = this.#replayAll(admitted.records);
    this.log.purge(this.log.position.lsn, limits.segmentsKept);
    return { ...replayed, position: this.log.position };
  }

  /**
   * The primary says that its log ends at `last`. A replica that has more serves nobody from then on: what it holds is not the
   * primary's any more, as after a restore of the primary from a backup.
   */
  reject(last: Lsn): void {
    const { lsn: own } = this.log.position;
    if (own > last && !refusesRecords(this.standing))
      this.#stepOut(own, `The replica has records up to ${own}, and the primary only up to ${last}.`);
  }

  /** Runs a batch of statements that only read. A statement that writes is not run: `not-primary`. */
  query(batch: readonly StatementRequest[]): BatchOutcome {
    if (batch.length > limits.batchStatements)
      return failure("bad-request", `A batch may hold ${limits.batchStatements} statements.`);
    const refused = refusesReads(this.standing);
    if (refused) return refused;
    const results: StatementResult[] = [];
    for (const request of batch) {
      const analysed = this.#analyser.analyse(request.sql);
      if (!analysed.ok) return analysed;
      if (analysed.kind !== "read") return failure("not-primary", "The statement writes, and this node is a replica.");
      try {
        results.push(runRequest(this.#engine, analysed, request));
      } catch (error) {
        return asFailure(error);
      }
    }
    return { ok: true, results };
  }

  /** A gap before what was sent is filled by the next append, and an old primary is none of this replica's trouble. */
  #notAdmitted({ previous }: Append, refused: Failure): Failure {
    const { lsn } = this.log.position;
    const isOwn = refused.code !== "stale-epoch" && previous.lsn <= lsn;
    return isOwn ? this.#fails(refused.message, lsn, refused.code !== "damaged") : refused;
  }

  #replayAll(records: readonly SealedRecord[]): { readonly ok: true } | Failure {
    const { mark } = this.log;
    const tables = this.#tables;
    let at = mark.position.lsn;
    try {
      this.#engine.transaction(() => {
        for (const record of records) {
          at = record.header.lsn;
          this.#replay(record);
        }
        if (records.length > 0 && this.standing.state === "stuck") this.#standing.become({ state: "following" });
      });
      return { ok: true };
    } catch (error) {
      this.log.rewind(mark);
      this.#tables = tables;
      this.#standing.reload();
      return this.#notReplayed(error, at);
    }
  }

  /** @param at the record that undid the replay. */
  #notReplayed(error: unknown, at: Lsn): Failure {
    const isDifferent = error instanceof Diverged;
    const reason = isDifferent ? error.message : `Record ${at} cannot be replayed (${String(error)}).`;
    if (isDifferent && this.standing.state !== "verifying") return this.#stepOut(at, reason);
    const isExpected = isDifferent || error instanceof SqlError || error instanceof AssertionError;
    const failed = this.#fails(reason, at, isExpected);
    if (isExpected) return failed;
    throw error;
  }

  /** Records were not taken. One that verifies itself is filled once more if that may help, but not without end. */
  #fails(reason: string, at: Lsn, isLasting: boolean): Failure {
    if (this.standing.state !== "verifying" || !isLasting) return this.#setBack(reason);
    return this.snapshot.mayBeginAnew ? this.#fillAgain(reason) : this.#stepOut(at, reason);
  }

  #fillAgain(reason: string): Failure {
    this.snapshot.beginAnew();
    return failure("rebuilding", reason);
  }

  /** Remembers a failure, also over a reset, until records are taken again. */
  #setBack(reason: string): Failure {
    const next = setBack(this.standing, reason);
    if (next !== this.standing) this.#standing.become(next);
    return failure("stuck", reason);
  }

  /** From now on, also after a reset, this replica serves nobody. */
  #stepOut(lsn: Lsn, reason: string): Failure {
    this.#standing.become({ state: "diverged", lsn, reason });
    return failure("diverged", reason);
  }

  #replay(record: SealedRecord): void {
    const changes = readChanges(record);
    const schemaChanges = changes.filter(({ type }) => type === "schema").length;
    assert(
      this.log.position.schemaVersion + schemaChanges === record.header.schemaVersion,
      "the record is of another schema",
    );
    this.log.append(record);
    for (const change of changes) this.#apply(change);
    this.snapshot.replayed();
  }

  #apply(change: Change): void {
    switch (change.type) {
      case "rows":
        return applyRows(this.#engine, this.#table(change.table), change);
      case "sequence":
        return applySequence(this.#engine, change);
      case "schema":
        this.#parked.whileUnparked(() => applySchema(this.#engine, change.sql));
        this.#tables = readTables(this.#engine);
        return;
      case "statement":
        return this.snapshot.isEarly ? applyEarlyStatement(this.#engine, change) : applyStatement(this.#engine, change);
      case "check":
        return this.#check(change);
    }
  }

  /** Compares with what the primary held at this record; not before a snapshot's rows have become one state again. */
  #check(check: CheckChange): void {
    if (this.snapshot.isEarly) return;
    const { standing } = this;
    const { lsn } = this.log.position;
    const found = this.#hash(check);
    if (found.rows !== check.rows || found.hash !== check.hash)
      throw new Diverged(
        `At record ${lsn}, a slice of ${check.table} holds ${plain(found)} where the primary held ${plain(check)}.`,
      );
    if (standing.state === "verifying" && check.table === schemaTable && check.since >= standing.target)
      this.#standing.become({ state: "following" });
  }

  #hash(check: CheckChange): ContentHash {
    if (check.table === schemaTable) return hashSchema(this.#engine, this.#parked.texts());
    const table = this.#tables.find(({ name }) => name === check.table);
    try {
      return table ? hashSlice(this.#engine, table, check) : hashRows([]);
    } catch (error) {
      // A table that cannot be read holds nothing.
      if (error instanceof SqlError) return hashRows([]);
      throw error;
    }
  }

  #table(wanted: string): Table {
    const table = this.#tables.find(({ name }) => name === wanted);
    return present(table, `table ${wanted}`);
  }
}

const plain = ({ rows, hash }: ContentHash): string =>
  `${rows} rows (${BigInt.asUintN(64, hash).toString(16).padStart(16, "0")})`;
