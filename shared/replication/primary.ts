import { Journal, openBaseline, type Baseline } from "../binlog/journal.ts";
import { BinLog } from "../binlog/log.ts";
import { sealRecord, type Change, type RecordHeader } from "../binlog/record.ts";
import { assert } from "../kernel/assert.ts";
import { lsn, type Epoch } from "../kernel/brand.ts";
import { failure, Undo } from "../kernel/error.ts";
import { limits } from "../kernel/limits.ts";
import { StatementAnalyser, type Analysed } from "../sql/analysis.ts";
import type { Table } from "../sql/catalog.ts";
import type { SqlEngine } from "../sql/engine.ts";
import { replacesRows } from "../sql/statement.ts";
import { tokenize } from "../sql/tokenize.ts";
import {
  asFailure,
  bindRequest,
  runRequest,
  searchResult,
  type BatchOutcome,
  type StatementRequest,
  type StatementResult,
} from "./statement-run.ts";

/**
 * The node that writes. A transaction, what it changed and its log record are one commit of SQLite: there is never a
 * change without its record, nor a record without its change.
 */
export class Primary {
  readonly log: BinLog;
  readonly #engine: SqlEngine;
  readonly #epoch: Epoch;
  readonly #analyser: StatementAnalyser;
  #baseline: Baseline;

  /** @param epoch the term in which this node writes, at least that of the log's end. */
  constructor(engine: SqlEngine, epoch: Epoch) {
    this.#engine = engine;
    this.#epoch = epoch;
    this.#analyser = new StatementAnalyser(engine);
    this.log = new BinLog(engine);
    assert(epoch >= this.log.position.epoch, "a primary of an older epoch than its log");
    this.#baseline = engine.transaction(() => openBaseline(engine));
  }

  /**
   * Runs a batch as one transaction and appends one record if it changed anything.
   *
   * @param nowMs the time of commit that the record carries.
   * @returns all results, or the first failure: then nothing was changed.
   */
  execute(batch: readonly StatementRequest[], nowMs: number): BatchOutcome {
    if (batch.length > limits.batchStatements)
      return failure("bad-request", `A batch may hold ${limits.batchStatements} statements.`);
    const { mark } = this.log;
    try {
      return { ok: true, results: this.#readAlone(batch) ?? this.#commit(batch, nowMs) };
    } catch (error) {
      this.log.rewind(mark);
      return asFailure(error);
    }
  }

  /** The user's tables as they are now. */
  get tables(): readonly Table[] {
    return this.#baseline.tables;
  }

  /**
   * Appends a record of the system's own, such as the hashes of a check. `make` gives its changes, which must leave the
   * user's data alone; what it stores itself is one commit with the record.
   */
  appendOwn(make: (tables: readonly Table[]) => readonly Change[], nowMs: number): void {
    const { mark } = this.log;
    try {
      this.#engine.transaction(() => {
        const changes = make(this.tables);
        this.log.append(sealRecord(this.#header(changes, nowMs), changes));
      });
    } catch (error) {
      this.log.rewind(mark);
      throw error;
    }
  }

  /** A single statement that reads needs no transaction around it. */
  #readAlone(batch: readonly StatementRequest[]): StatementResult[] | undefined {
    const [request] = batch;
    if (!request || batch.length > 1) return undefined;
    const analysed = this.#analyse(request);
    return analysed.kind === "read" ? [runRequest(this.#engine, analysed, request)] : undefined;
  }

  #commit(batch: readonly StatementRequest[], nowMs: number): StatementResult[] {
    const { results, baseline } = this.#engine.transaction(() => {
      const replaces = batch.some(({ sql }) => replacesRows(tokenize(sql)));
      const journal = new Journal(this.#engine, this.#baseline, replaces);
      const given = batch.map((request) => this.#step(journal, request, batch.length === 1));
      const finished = journal.finish();
      if (finished.changes.length > 0)
        this.log.append(sealRecord(this.#header(finished.changes, nowMs), finished.changes));
      return { results: given, baseline: finished.baseline };
    });
    this.#baseline = baseline;
    return results;
  }

  #step(journal: Journal, request: StatementRequest, alone: boolean): StatementResult {
    const analysed = this.#analyse(request);
    const run = () => runRequest(this.#engine, analysed, request);
    if (analysed.kind === "schema") return journal.changeSchema(analysed.statement, run);
    if (analysed.kind === "read") return run();
    const written = journal.writeSearch(bindRequest(analysed, request), alone);
    return written === undefined ? journal.changeRows(analysed.statement, run) : searchResult(this.#engine, written);
  }

  #analyse({ sql }: StatementRequest): Analysed {
    const analysed = this.#analyser.analyse(sql);
    if (!analysed.ok) throw new Undo(analysed);
    return analysed;
  }

  #header(changes: readonly Change[], nowMs: number): RecordHeader {
    const { lsn: last, checksum, schemaVersion } = this.log.position;
    const schemaChanges = changes.filter(({ type }) => type === "schema").length;
    return {
      epoch: this.#epoch,
      lsn: lsn(last + 1),
      schemaVersion: schemaVersion + schemaChanges,
      committedAtMs: nowMs,
      previous: checksum,
    };
  }
}
