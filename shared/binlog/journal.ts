import { undo } from "../kernel/error.ts";
import { readTables, schemaObjects, schemaReplaces, type SchemaObject, type Table } from "../sql/catalog.ts";
import type { SqlEngine } from "../sql/engine.ts";
import type { Statement } from "../sql/statement.ts";
import {
  collectChanges,
  createDirtyTable,
  ensureDirtyTable,
  keyWidth,
  lastNote,
  noteAllRows,
  reconcileTriggers,
} from "./capture.ts";
import type { Change } from "./record.ts";

/** AUTOINCREMENT counters by table. */
type Sequences = ReadonlyMap<string, bigint>;

/** What capture knows between transactions. A transaction that is undone leaves it as it was. */
export interface Baseline {
  readonly tables: readonly Table[];
  /** May any statement delete rows by REPLACE, through a constraint or a trigger? */
  readonly replaces: boolean;
  readonly sequences: Sequences;
  /** The last note that a committed transaction left in the note-book. */
  readonly noted: number;
}

/** The note-book is emptied when it holds so many notes. Not at once, since that changes the schema and every cached statement is compiled anew. */
const mostNotes = 10_000;

/** Makes the database ready for capture, in whatever state it is, and reads where it stands. */
export function openBaseline(engine: SqlEngine): Baseline {
  const tables = readTables(engine);
  ensureDirtyTable(engine, keyWidth(tables));
  reconcileTriggers(engine, tables);
  return {
    tables,
    replaces: schemaReplaces(engine),
    sequences: readSequences(engine, tables),
    noted: lastNote(engine),
  };
}

/**
 * Collects what one transaction changes, in order: rows that changed before the schema did fit the schema before it.
 * Lives as long as the transaction.
 */
export class Journal {
  readonly #engine: SqlEngine;
  readonly #changes: Change[] = [];
  #baseline: Baseline;

  constructor(engine: SqlEngine, baseline: Baseline) {
    this.#engine = engine;
    this.#baseline = baseline;
  }

  /** May any statement delete rows by REPLACE, whatever its own text says? */
  get replaces(): boolean {
    return this.#baseline.replaces;
  }

  /** Runs a statement that changes the schema by `run`, and notes it if it did change something. */
  changeSchema<T>(statement: Statement, run: () => T): T {
    this.#collectRows();
    const before = schemaObjects(this.#engine);
    const result = run();
    const after = schemaObjects(this.#engine);
    const made = without(after, before);
    if (made.length > 0 || without(before, after).length > 0) this.#noteSchema(statement, made);
    return result;
  }

  /** All that the transaction changed, and the baseline that holds once it is committed. */
  finish(): { readonly changes: readonly Change[]; readonly baseline: Baseline } {
    this.#collectRows();
    this.#collectSequences();
    if (this.#baseline.noted > mostNotes) {
      createDirtyTable(this.#engine, keyWidth(this.#baseline.tables));
      this.#baseline = { ...this.#baseline, noted: 0 };
    }
    return { changes: this.#changes, baseline: this.#baseline };
  }

  #collectRows(): void {
    const range = { after: this.#baseline.noted, last: lastNote(this.#engine) };
    this.#changes.push(...collectChanges(this.#engine, this.#baseline.tables, range));
    this.#baseline = { ...this.#baseline, noted: range.last };
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
    reconcileTriggers(this.#engine, tables);
    const noted = emptied ? 0 : this.#baseline.noted;
    this.#baseline = { ...this.#baseline, tables, replaces: schemaReplaces(this.#engine), noted };
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
