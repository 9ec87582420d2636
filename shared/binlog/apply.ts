import { assert, present } from "../kernel/assert.ts";
import { limits } from "../kernel/limits.ts";
import { keyMatches, type Table } from "../sql/catalog.ts";
import type { Bindable, SqlEngine } from "../sql/engine.ts";
import { quoteName } from "../sql/names.ts";
import { joinSavepoints } from "../sql/search-table.ts";
import { parametersOf } from "../sql/statement.ts";
import { boundAs, type Value } from "../sql/value.ts";
import { imageColumns } from "./images.ts";
import type { RowChange, SequenceChange, StatementChange } from "./record.ts";

/**
 * Makes the rows of `change` what they are on the primary. Rows that are gone go first. An image then replaces whatever
 * row is in its way: since the images of one record fit together, a row that another image pushes out has an image of its
 * own, and unique values may change hands in any order.
 *
 * Runs where no trigger and no foreign key acts: their effects are images of the same record.
 */
export function applyRows(engine: SqlEngine, table: Table, { deleted, images }: RowChange): void {
  for (const key of deleted) deleteRow(engine, table, key);
  for (const image of images) putRow(engine, table, image);
}

function deleteRow(engine: SqlEngine, table: Table, key: readonly Value[]): void {
  assert(key.length === table.key.length, `a key of ${table.name} has ${key.length} columns`);
  const bound = key.map((value, at) => boundAs(value, at + 1));
  const expressions = bound.map(({ expression }) => expression);
  const match = keyMatches(table, "", expressions);
  engine.run(`DELETE FROM ${quoteName(table.name)} WHERE ${match}`, ...bound.map(({ bind }) => bind));
}

function putRow(engine: SqlEngine, table: Table, image: readonly Value[]): void {
  const columns = imageColumns(table);
  assert(image.length === columns.length, `an image of ${table.name} has ${image.length} columns`);
  const binds: Bindable[] = [];
  const expressions = image.map((value, at) => {
    // A table of as many columns as there may be parameters has no parameter left for its rowid.
    if (at === 0 && image.length > limits.parameters && typeof value === "bigint") return String(value);
    const { expression, bind } = boundAs(value, binds.length + 1);
    binds.push(bind);
    return expression;
  });
  engine.run(
    `INSERT OR REPLACE INTO ${quoteName(table.name)} (${columns.map(quoteName).join(", ")}) VALUES (${expressions.join(", ")})`,
    ...binds,
  );
}

/** Sets the AUTOINCREMENT counter of a table, or takes its row away. Mostly it is right already: inserting the rows moved it. */
export function applySequence(engine: SqlEngine, { table, value }: SequenceChange): void {
  const { rows } = engine.run("SELECT CAST(seq AS TEXT) FROM sqlite_sequence WHERE name = ?", table);
  if (rows.length === 1 && rows[0]?.[0] === String(value)) return;
  engine.run("DELETE FROM sqlite_sequence WHERE name = ?", table);
  if (value !== null)
    engine.run("INSERT INTO sqlite_sequence (name, seq) VALUES (?, CAST(? AS INTEGER))", table, String(value));
}

/** Runs a statement that changes the schema. */
export function applySchema(engine: SqlEngine, sql: string): void {
  engine.run(sql);
  joinSavepoints(engine);
}

/** Runs a statement with the values that it has with it. */
export function applyStatement(engine: SqlEngine, { sql, values }: StatementChange): void {
  const bound = values.map((value, at) => boundAs(value, at + 1));
  const text = parametersOf(sql).reduceRight(
    (whole, { index, start, end }) =>
      whole.slice(0, start) + present(bound[index - 1], "a value").expression + whole.slice(end),
    sql,
  );
  engine.run(text, ...bound.map(({ bind }) => bind));
}
