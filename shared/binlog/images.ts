import { assert } from "../kernel/assert.ts";
import { keyMatches, type Table } from "../sql/catalog.ts";
import type { Bindable, Cell, SqlEngine } from "../sql/engine.ts";
import { quoteName } from "../sql/names.ts";
import type { Value } from "../sql/value.ts";

/** A row that was looked up by its key: what it is now, or `undefined` when it is gone. */
export interface FoundRow {
  readonly key: readonly Value[];
  readonly image: readonly Value[] | undefined;
}

/** Values read by one query: SQLite in a Durable Object gives 100 columns at most, and one is for the types. */
const valuesPerQuery = 90;

/** A query as text with its parameters. */
export interface Query {
  readonly sql: string;
  readonly binds: readonly Bindable[];
}

/**
 * Reads the rows of `table` whose keys the query `keys` gives, exactly.
 *
 * @param keys a SELECT of the key's columns k0, k1, ... without duplicates.
 */
export function readImages(engine: SqlEngine, table: Table, keys: Query): FoundRow[] {
  const noted = table.key.map((_, at) => `k.k${at}`);
  const stored = imageColumns(table).map((column) => `t.${quoteName(column)}`);
  const sql = `FROM (${keys.sql}) AS k LEFT JOIN ${quoteName(table.name)} AS t ON ${keyMatches(table, "t.", noted)} ORDER BY ${noted.join(", ")}`;
  const found = `t.${quoteName(table.key[0] ?? "")} IS NOT NULL`;
  const rows = readExactly(engine, [found, ...noted, ...stored], { sql, binds: keys.binds });
  return rows.map(([present, ...values]) => ({
    key: values.slice(0, noted.length),
    image: present === 1n ? values.slice(noted.length) : undefined,
  }));
}

/** What an after-image holds: the rowid if the table has one, then the stored columns. */
export const imageColumns = (table: Table): readonly string[] =>
  table.withoutRowid ? table.columns : [...table.key, ...table.columns];

/** Runs `SELECT expressions from` and gives the values exact to the bit, in as many queries as the width asks for. */
export function readExactly(engine: SqlEngine, expressions: readonly string[], from: Query): Value[][] {
  const rows: Value[][] = [];
  for (let at = 0; at < expressions.length; at += valuesPerQuery) {
    const part = readPart(engine, expressions.slice(at, at + valuesPerQuery), from);
    for (const [row, values] of part.entries()) (rows[row] ??= []).push(...values);
  }
  return rows;
}

function readPart(engine: SqlEngine, expressions: readonly string[], from: Query): Value[][] {
  const types = `format('${"%.1s".repeat(expressions.length)}', ${expressions.map((expression) => `typeof(${expression})`).join(", ")})`;
  const { rows } = engine.run(`SELECT ${types}, ${expressions.join(", ")} ${from.sql}`, ...from.binds);
  let exact: Map<number, readonly Cell[]> | undefined;
  return rows.map(([letters, ...cells], row) =>
    cells.map((cell, column) => {
      const letter = String(letters).charAt(column);
      if (!isLossy(letter, cell)) return valueOf(letter, cell);
      exact ??= new Map();
      const again = exact.get(column) ?? readAgain(engine, expressions[column] ?? "", from);
      exact.set(column, again);
      return exactValue(letter, again[row]);
    }),
  );
}

/** May JavaScript's form of the cell differ from what is stored? Integers past 2^53, and text that is not valid UTF-8. */
const isLossy = (letter: string, cell: Cell): boolean =>
  letter === "i" ? !Number.isSafeInteger(cell) : letter === "t" && String(cell).includes("\ufffd");

/** One column once more, in a form that survives: integers as decimal text, text as its bytes. */
function readAgain(engine: SqlEngine, expression: string, from: Query): Cell[] {
  const form = `CASE typeof(${expression}) WHEN 'integer' THEN CAST(${expression} AS TEXT) WHEN 'text' THEN CAST(${expression} AS BLOB) END`;
  return engine.run(`SELECT ${form} ${from.sql}`, ...from.binds).rows.map(([cell]) => cell ?? null);
}

function exactValue(letter: string, cell: Cell | undefined): Value {
  if (letter === "i") return BigInt(String(cell));
  assert(cell instanceof ArrayBuffer, "text read as its bytes");
  return { rawText: new Uint8Array(cell) };
}

function valueOf(letter: string, cell: Cell): Value {
  if (cell instanceof ArrayBuffer) return new Uint8Array(cell);
  return letter === "i" ? BigInt(Number(cell)) : cell;
}
