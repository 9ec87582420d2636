import { applyRows, applySequence } from "../binlog/apply.ts";
import { BinLog, type LogPosition } from "../binlog/log.ts";
import { readChanges, type Change, type SealedRecord } from "../binlog/record.ts";
import { assert, AssertionError, present } from "../kernel/assert.ts";
import { failure, type Failure } from "../kernel/error.ts";
import { limits } from "../kernel/limits.ts";
import { StatementAnalyser } from "../sql/analysis.ts";
import { readTables, type Table } from "../sql/catalog.ts";
import { SqlError, type SqlEngine } from "../sql/engine.ts";
import { admit, type Append } from "./admit.ts";
import { ParkedTriggers } from "./parked-triggers.ts";
import {
  asFailure,
  bind,
  readResult,
  type BatchOutcome,
  type StatementRequest,
  type StatementResult,
} from "./statement-run.ts";

/** What a replica answers to an append: where it stands now, and why it took nothing if it did not. */
export type AppendReply = ({ readonly ok: true } | Failure) & { readonly position: LogPosition };

/**
 * A node that follows. It appends each record to its own log and replays it in the same transaction, so that its data and
 * its position are one. No trigger and no foreign key acts here: their effects stand in the records.
 */
export class Replica {
  readonly log: BinLog;
  readonly #engine: SqlEngine;
  readonly #analyser: StatementAnalyser;
  readonly #parked: ParkedTriggers;
  #tables: readonly Table[];

  /** @param engine one on which `PRAGMA foreign_keys` is off. */
  constructor(engine: SqlEngine) {
    assert(engine.run("PRAGMA foreign_keys").rows[0]?.[0] === 0, "foreign keys act on a replica");
    this.#engine = engine;
    this.#analyser = new StatementAnalyser(engine);
    this.#parked = new ParkedTriggers(engine);
    this.log = new BinLog(engine);
    this.#tables = readTables(engine);
  }

  /** Takes what the primary sent: all records that follow on this log's end, or none of them. */
  append(append: Append): AppendReply {
    const admitted = admit(this.log.position, append);
    if (!admitted.ok) return { ...admitted, position: this.log.position };
    const replayed = this.#replayAll(admitted.records);
    this.log.purge(this.log.position.lsn, limits.segmentsKept);
    return { ...replayed, position: this.log.position };
  }

  /** Runs a batch of statements that only read. A statement that writes is not run: `not-primary`. */
  query(batch: readonly StatementRequest[]): BatchOutcome {
    if (batch.length > limits.batchStatements)
      return failure("bad-request", `A batch may hold ${limits.batchStatements} statements.`);
    const results: StatementResult[] = [];
    for (const request of batch) {
      const analysed = this.#analyser.analyse(request.sql);
      if (!analysed.ok) return analysed;
      if (analysed.kind !== "read") return failure("not-primary", "The statement writes, and this node is a replica.");
      try {
        const { sql, binds } = bind(analysed.statement, request);
        results.push(readResult(this.#engine.run(sql, ...binds)));
      } catch (error) {
        return asFailure(error);
      }
    }
    return { ok: true, results };
  }

  #replayAll(records: readonly SealedRecord[]): { readonly ok: true } | Failure {
    const { mark } = this.log;
    const tables = this.#tables;
    try {
      this.#engine.transaction(() => records.forEach((record) => this.#replay(record)));
      return { ok: true };
    } catch (error) {
      this.log.rewind(mark);
      this.#tables = tables;
      if (!(error instanceof SqlError || error instanceof AssertionError)) throw error;
      return failure("diverged", `A record after ${mark.position.lsn} cannot be replayed: ${error.message}`);
    }
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
  }

  #apply(change: Change): void {
    switch (change.type) {
      case "rows":
        return applyRows(this.#engine, this.#table(change.table), change);
      case "sequence":
        return applySequence(this.#engine, change);
      case "schema":
        this.#parked.whileUnparked(() => this.#engine.run(change.sql));
        this.#tables = readTables(this.#engine);
    }
  }

  #table(wanted: string): Table {
    const table = this.#tables.find(({ name }) => name === wanted);
    return present(table, `table ${wanted}`);
  }
}
