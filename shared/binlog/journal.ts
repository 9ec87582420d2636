import { undo } from "../kernel/error.ts";
import { readTables, schemaObjects, schemaReplaces, type SchemaObject, type Table } from "../sql/catalog.ts";
import type { SqlEngine } from "../sql/engine.ts";
import { checkContents, joinSavepoints, readSearchTables, type SearchTable } from "../sql/search-table.ts";
import { readSearchWrite } from "../sql/search-write.ts";
import type { Statement } from "../sql/statement.ts";
import { tokenize } from "../sql/tokenize.ts";
import {
  collectChanges,
  createDirtyTable,
  ensureDirtyTable,
  keyWidth,
  lastNote,
  noteAllRows,
  notePushedRows,
} from "./capture.ts";
import { dropColumnTriggers, reconcileTriggers } from "./capture-triggers.ts";
import type { Query } from "./images.ts";
import type { Change } from "./record.ts";
import {
  collectSearch,
  dropSearchNotes,
  emptySearchNotes,
  ensureSearchNotes,
  lastSearchNote,
  searchTriggers,
} from "./search-capture.ts";
import { runSearchWrite } from "./search-run.ts";

/** AUTOINCREMENT counters by table. */
type Sequences = ReadonlyMap<string, bigint>;

/** What capture knows between transactions. A transaction that is undone leaves it as it was. */
export interface Baseline {
  readonly tables: readonly Table[];
  /** May any statement delete rows by REPLACE, through a constraint or a trigger? */
  readonly replaces: boolean;
  readonly sequences: Sequences;
  readonly searchTables: readonly SearchTable[];
  /** The last note that a committed transaction left of writes to full-text tables. */
  readonly searched: number;
  /** The last note that a committed transaction left in the note-book. */
  readonly noted: number;
}

/** The note-book is emptied when it holds so many notes. Not at once, since that changes the schema and every cached statement is compiled anew. */
const mostNotes = 10_000;

/** Makes the database ready for capture, in whatever state it is, and reads where it stands. */
export function openBaseline(engine: SqlEngine): Baseline {
  const tables = readTables(engine);
  ensureDirtyTable(engine, keyWidth(tables));
  const searchTables = reconcile(engine, tables);
  const replaces = schemaReplaces(engine);
  notePushedRows(engine, replaces);
  return {
    tables,
    replaces,
    searchTables,
    searched: lastSearchNote(engine, searchTables),
    sequences: readSequences(engine, tables),
    noted: lastNote(engine),
  };
}

/** Makes the system's triggers those that the schema needs. Gives the full-text tables in it. */
function reconcile(engine: SqlEngine, tables: readonly Table[]): SearchTable[] {
  const searchTables = readSearchTables(engine);
  if (searchTables.length > 0) ensureSearchNotes(engine);
  else dropSearchNotes(engine);
  reconcileTriggers(engine, tables, searchTriggers(engine, searchTables));
  return searchTables;
}

/**
 * Collects what one transaction changes, in order: rows that changed before the schema did fit the schema before it.
 * Lives as long as the transaction.
 */
export class Journal {
  readonly #engine: SqlEngine;
  readonly #changes: Change[] = [];
  readonly #replaces: boolean;
  #baseline: Baseline;

  /**
   * @param replaces has any statement of the transaction a REPLACE conflict clause? What is written for it comes before the
   * first of them, so that `changes()` and `last_insert_rowid()` are theirs throughout.
   */
  constructor(engine: SqlEngine, baseline: Baseline, replaces: boolean) {
    this.#engine = engine;
    this.#baseline = baseline;
    this.#replaces = replaces;
    if (replaces) notePushedRows(engine, true);
  }

  /** Runs a statement that changes the schema by `run`, and notes it if it did change something. */
  changeSchema<T>(statement: Statement, run: () => T): T {
    this.#collectRows();
    // A rename takes the counter along, so whatever befell it before comes first.
    this.#collectSequences();
    if (statement.keyword === "ALTER") dropColumnTriggers(this.#engine);
    const before = schemaObjects(this.#engine);
    const result = run();
    const after = schemaObjects(this.#engine);
    const made = without(after, before);
    if (made.length > 0 || without(before, after).length > 0) this.#noteSchema(statement, made);
    else reconcile(this.#engine, this.#baseline.tables);
    return result;
  }

  /** Runs a statement that changes rows by `run`. */
  changeRows<T>({ replaces }: Statement, run: () => T): T {
    const { searchTables } = this.#baseline;
    if (!replaces || searchTables.length === 0) return run();
    const before = lastSearchNote(this.#engine, searchTables);
    const result = run();
    if (lastSearchNote(this.#engine, searchTables) > before)
      undo("statement-refused", "REPLACE leaves the old row's words in an FTS5 table. Use ON CONFLICT DO UPDATE.");
    return result;
  }

  /**
   * Runs the statement if it writes to a full-text table. What it finds, and what was written before it, must be on a
   * replica when the statement comes to it, so that what is noted goes first.
   *
   * @param alone is it the only statement of the transaction?
   * @returns the number of rows that it wrote; `undefined` where it is none, and has not run.
   */
  writeSearch({ sql, binds }: Query, alone: boolean): number | undefined {
    const { searchTables } = this.#baseline;
    const write = searchTables.length === 0 ? undefined : readSearchWrite(sql, tokenize(sql), searchTables);
    if (!write) return undefined;
    if ("refused" in write) undo("statement-refused", write.refused);
    this.#collectRows();
    const statements = runSearchWrite(this.#engine, write, binds, alone);
    this.#changes.push(...statements);
    return statements.length;
  }

  /** All that the transaction changed, and the baseline that holds once it is committed. */
  finish(): { readonly changes: readonly Change[]; readonly baseline: Baseline } {
    this.#collectRows();
    this.#collectSequences();
    if (this.#changes.some(({ type }) => type === "schema")) checkContents(this.#engine, this.#baseline.searchTables);
    if (this.#replaces) notePushedRows(this.#engine, this.#baseline.replaces);
    if (this.#baseline.noted > mostNotes) {
      createDirtyTable(this.#engine, keyWidth(this.#baseline.tables));
      this.#baseline = { ...this.#baseline, noted: 0 };
    }
    if (this.#baseline.searched > mostNotes) {
      emptySearchNotes(this.#engine);
      this.#baseline = { ...this.#baseline, searched: 0 };
    }
    return { changes: this.#changes, baseline: this.#baseline };
  }

  #collectRows(): void {
    const range = { after: this.#baseline.noted, last: lastNote(this.#engine) };
    this.#changes.push(...collectChanges(this.#engine, this.#baseline.tables, range));
    this.#baseline = { ...this.#baseline, noted: range.last };
    if (this.#baseline.searchTables.length === 0) return;
    this.#changes.push(...collectSearch(this.#engine, this.#baseline.searched));
    this.#baseline = { ...this.#baseline, searched: lastSearchNote(this.#engine, this.#baseline.searchTables) };
  }

  /**
   * A new table is logged as it stands in the schema, followed by its rows: `CREATE TABLE ... AS SELECT random()` must
   * not be run twice. Every other change of schema is logged as its text.
   */
  #noteSchema(statement: Statement, made: readonly SchemaObject[]): void {
    const table = statement.keyword === "CREATE" ? made.find(({ type }) => type === "table") : undefined;
    this.#changes.push({ type: "schema", sql: table?.sql ?? statement.sql });
    const tables = readTables(this.#engine);
    const emptied = ensureDirtyTable(this.#engine, keyWidth(tables));
    const searchTables = reconcile(this.#engine, tables);
    if (searchTables.length > 0) joinSavepoints(this.#engine);
    const noted = emptied ? 0 : this.#baseline.noted;
    const replaces = schemaReplaces(this.#engine);
    notePushedRows(this.#engine, replaces || this.#replaces);
    const searched = searchTables.length === 0 ? 0 : this.#baseline.searched;
    this.#baseline = { ...this.#baseline, tables, replaces, searchTables, searched, noted };
    const created = tables.find(({ name }) => name === table?.name);
    if (created) noteAllRows(this.#engine, created);
  }

  /**
   * Notes each counter that moved, and that of each table whose rows changed: the replica's own moves by other rules, since
   * it sees net changes only and writes an update as an insert.
   */
  #collectSequences(): void {
    const { tables, sequences: before } = this.#baseline;
    const after = readSequences(this.#engine, tables);
    const written = new Set(this.#changes.flatMap((change) => (change.type === "rows" ? change.table : [])));
    const touched = tables.flatMap(({ autoincrement, name }) => (autoincrement && written.has(name) ? name : []));
    const moved = [...before.keys(), ...after.keys()].filter((name) => before.get(name) !== after.get(name));
    for (const table of new Set([...moved, ...touched]))
      this.#changes.push({ type: "sequence", table, value: after.get(table) ?? null });
    this.#baseline = { ...this.#baseline, sequences: after };
  }
}

const without = (objects: readonly SchemaObject[], others: readonly SchemaObject[]): SchemaObject[] =>
  objects.filter(
    ({ type, name, sql }) => !others.some((other) => other.type === type && other.name === name && other.sql === sql),
  );

function readSequences(engine: SqlEngine, tables: readonly Table[]): Sequences {
  if (!tables.some(({ autoincrement }) => autoincrement)) return new Map();
  const { rows } = engine.run(
    "SELECT name, CASE WHEN typeof(name) = 'text' AND typeof(seq) = 'integer' THEN CAST(seq AS TEXT) END FROM sqlite_sequence",
  );
  const sequences = new Map(rows.map(([name, value]) => [String(name), value]));
  if (sequences.size < rows.length || rows.some(([, value]) => value === null))
    undo("statement-refused", "sqlite_sequence takes one row with an integer for each table.");
  return new Map([...sequences].map(([name, value]) => [name, BigInt(String(value))]));
}
