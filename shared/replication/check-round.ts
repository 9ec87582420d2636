import type { CheckChange } from "../binlog/record.ts";
import { lsn, type Lsn } from "../kernel/brand.ts";
import { limits } from "../kernel/limits.ts";
import type { SqlEngine } from "../sql/engine.ts";
import { hashRows, hashSchema, schemaTable } from "./content-hash.ts";
import type { Primary } from "./primary.ts";
import {
  readSlice,
  restoreCursor,
  sliceSize,
  startCursor,
  storeCursor,
  type SlicePart,
  type SliceSize,
  type StoredCursor,
} from "./slice.ts";
import { StoredState } from "./stored-state.ts";

/** A round over the whole database, whether under way or done. Plain data: it is stored, and shown to the operator. */
export interface CheckRound {
  /** Where the log ended when the round began. */
  readonly since: Lsn;
  /** The record with the latest slice. A replica that has replayed it holds what the primary held, as far as the round has come. */
  readonly lsn: Lsn;
  readonly slices: number;
  readonly rows: number;
  /** Whether somebody asked for it, so that it is made without a pause; else it goes on with the writes. */
  readonly asked: boolean;
  /** When its latest slice was made. */
  readonly atMs: number;
}

interface CheckState {
  /** Rounds that came to their end. */
  readonly rounds: number;
  readonly done: CheckRound | null;
  readonly round: CheckRound | null;
  readonly schemaVersion: number;
  readonly cursor: StoredCursor;
}

/** How far the checks are. */
export type CheckProgress = Pick<CheckState, "rounds" | "done" | "round">;

const stateName = "check";

/**
 * The primary's side of the checks. Slice after slice it writes into the log what a part of the database holds at that very
 * place; whoever replays the record compares. A round begins anew when the schema changes under it: what it has passed may
 * stand under another name.
 */
export class CheckRounds {
  readonly #engine: SqlEngine;
  readonly #primary: Primary;
  readonly #stored: StoredState;
  readonly #size: SliceSize;
  #state: CheckState;

  constructor(engine: SqlEngine, primary: Primary, size = sliceSize) {
    this.#size = size;
    this.#engine = engine;
    this.#primary = primary;
    this.#stored = new StoredState(engine);
    this.#state = this.#stored.read<CheckState>(stateName) ?? {
      rounds: 0,
      done: null,
      round: null,
      schemaVersion: 0,
      cursor: storeCursor(startCursor),
    };
  }

  get progress(): CheckProgress {
    const { rounds, done, round } = this.#state;
    return { rounds, done, round };
  }

  /** Is a round under way that somebody has asked for? */
  get isAsked(): boolean {
    return this.#state.round?.asked === true;
  }

  /** Begins a round now, in place of one that is under way. */
  ask(nowMs: number): void {
    this.#save(this.#begin(nowMs, true));
  }

  /** Has so much been written, or passed with a write, since the last slice that the next one is due? */
  isDue(nowMs: number): boolean {
    const { round, done } = this.#state;
    const latest = round ?? done ?? { lsn: lsn(0), atMs: nowMs };
    const written = this.#primary.log.position.lsn - latest.lsn;
    return written >= limits.checkRecords || (written > 0 && nowMs - latest.atMs >= limits.checkMs);
  }

  /** Appends a record with the next slice of the round, of a new one if none is under way. */
  next(nowMs: number): void {
    const from = this.#underWay(nowMs);
    let next: CheckState = from;
    this.#primary.appendOwn((tables) => {
      const slice = readSlice(this.#engine, tables, restoreCursor(from.cursor), this.#size);
      const changes = slice.parts.map((part) => this.#checkOf(part, from));
      if (slice.next === null) changes.push(this.#checkOfSchema(from));
      next = advance(from, changes, slice.next && storeCursor(slice.next), this.#primary.log.position.lsn, nowMs);
      this.#stored.write(stateName, next);
      return changes;
    }, nowMs);
    this.#state = next;
  }

  #underWay(nowMs: number): UnderWay {
    const { round, schemaVersion } = this.#state;
    if (round && schemaVersion === this.#primary.log.position.schemaVersion) return { ...this.#state, round };
    return this.#begin(nowMs, this.isAsked);
  }

  #begin(nowMs: number, asked: boolean): UnderWay {
    const { lsn: at, schemaVersion } = this.#primary.log.position;
    const round = { since: at, lsn: at, slices: 0, rows: 0, asked, atMs: nowMs };
    return { ...this.#state, round, schemaVersion, cursor: storeCursor(startCursor) };
  }

  #checkOf({ table, after, images, last }: SlicePart, { round }: UnderWay): CheckChange {
    return { type: "check", table: table.name, since: round.since, after, last, ...hashRows(images) };
  }

  #checkOfSchema({ round }: UnderWay): CheckChange {
    const hash = hashSchema(this.#engine, []);
    return { type: "check", table: schemaTable, since: round.since, after: [], last: true, ...hash };
  }

  #save(state: CheckState): void {
    this.#stored.write(stateName, state);
    this.#state = state;
  }
}

type UnderWay = CheckState & { readonly round: CheckRound };

/** The state after a slice whose record is the one behind `end`. */
function advance(
  state: UnderWay,
  changes: readonly CheckChange[],
  cursor: StoredCursor | null,
  end: Lsn,
  nowMs: number,
): UnderWay | (CheckState & { readonly round: null }) {
  const rows = changes.reduce((sum, change) => sum + change.rows, state.round.rows);
  const round = { ...state.round, lsn: lsn(end + 1), slices: state.round.slices + 1, rows, atMs: nowMs };
  if (cursor) return { ...state, round, cursor };
  return { ...state, rounds: state.rounds + 1, done: round, round: null, cursor: storeCursor(startCursor) };
}
