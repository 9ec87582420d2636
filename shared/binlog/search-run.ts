import { undo } from "../kernel/error.ts";
import { limits } from "../kernel/limits.ts";
import type { Bindable, SqlEngine } from "../sql/engine.ts";
import { runExactly, type ResultCell } from "../sql/exact-result.ts";
import { quoteName } from "../sql/names.ts";
import type { SearchTable } from "../sql/search-table.ts";
import { isCommand, isIndexCommand, isRowid, reached, type SearchWrite } from "../sql/search-write.ts";
import { parseStatement } from "../sql/statement.ts";
import { boundAs, type Value } from "../sql/value.ts";
import { applyStatement } from "./apply.ts";
import { readExactly } from "./images.ts";
import { tooLarge, type StatementChange } from "./record.ts";
import { insertInto } from "./search-capture.ts";

/**
 * Runs a statement that writes to a full-text table. No trigger can note what it does, so it is taken apart: its query runs
 * once, and each row that it gives is written by a statement of its own, which has its values with it and goes into the log.
 *
 * @param binds the statement's parameters.
 * @param alone is it the only one of its transaction?
 */
export function runSearchWrite(
  engine: SqlEngine,
  write: SearchWrite,
  binds: readonly Bindable[],
  alone: boolean,
): StatementChange[] {
  if (write.type === "update" && !write.table.ownsContent)
    undo(
      "statement-refused",
      `${write.table.name} indexes what stands elsewhere. Use its 'delete' command and INSERT.`,
    );
  const query = write.type === "insert" ? write.query : reached(write);
  return runQuery(engine, query, binds).flatMap((row) => writeRow(engine, write, row, alone));
}

type Insert = Extract<SearchWrite, { type: "insert" }>;

function runQuery(engine: SqlEngine, query: string, binds: readonly Bindable[]): Value[][] {
  const statement = parseStatement(query);
  if ("refused" in statement) undo("statement-refused", statement.refused);
  const { rows } = runExactly(engine, { statement, kind: "read" }, { sql: query, binds }, "bigint");
  if (rows.length > limits.transactionRows) tooLarge(`${limits.transactionRows} rows`);
  return rows.map((row) => row.map(valueOf));
}

const valueOf = (cell: ResultCell): Value => (cell instanceof ArrayBuffer ? new Uint8Array(cell) : cell);

/** Writes one row. Gives the statement for the log: none where a conflict clause passed the row over. */
function writeRow(engine: SqlEngine, write: SearchWrite, row: readonly Value[], alone: boolean): StatementChange[] {
  const { table } = write;
  const name = quoteName(table.name);
  if (write.type === "delete") return run(engine, `DELETE FROM ${name} WHERE rowid = ?1`, row);
  if (write.type === "update") {
    const sets = write.columns.map((column, at) => `${quoteName(column)} = ?${at + 2}`).join(", ");
    const updated = run(
      engine,
      `UPDATE ${write.or === "" ? "" : `${write.or} `}${name} SET ${sets} WHERE rowid = ?1`,
      row,
    );
    const moved = write.columns.findIndex(isRowid);
    if (updated.length === 0 || moved < 0) return updated;
    return moveRow(engine, write.table, row[0] ?? null, row[moved + 1] ?? null) ?? updated;
  }
  return isCommand(table, write.columns) ? command(engine, write, row, alone) : insert(engine, write, row);
}

/** Inserts a row; in the log it has the rowid that SQLite chose. */
function insert(engine: SqlEngine, write: Insert, row: readonly Value[]): StatementChange[] {
  const inserted = run(engine, insertInto(write, write.or), row);
  const given = write.columns.findIndex(isRowid);
  if (inserted.length === 0 || (given >= 0 && row[given] !== null)) return inserted;
  const rowid = BigInt(String(engine.run("SELECT CAST(last_insert_rowid() AS TEXT)").rows[0]?.[0]));
  const columns = [...write.columns.filter((column) => !isRowid(column)), "rowid"];
  const values = [...row.filter((_, at) => at !== given), rowid];
  return [{ type: "statement", sql: insertInto({ ...write, columns }, ""), values }];
}

/**
 * The statements that stand for an update which has moved a row: it goes, and is written whole, since a replica that is
 * filled anew may have read over it at either place.
 */
function moveRow(engine: SqlEngine, table: SearchTable, from: Value, to: Value): StatementChange[] | undefined {
  const columns = ["rowid", ...table.columns];
  const { expression, bind } = boundAs(to, 1);
  const place = { sql: `FROM ${quoteName(table.name)} WHERE rowid = ${expression}`, binds: [bind] };
  const [values] = readExactly(engine, columns.map(quoteName), place);
  return (
    values && [
      { type: "statement", sql: `DELETE FROM ${quoteName(table.name)} WHERE rowid = ?1`, values: [from] },
      { type: "statement", sql: insertInto({ table, columns }, "OR REPLACE"), values },
    ]
  );
}

function command(engine: SqlEngine, write: Insert, row: readonly Value[], alone: boolean): StatementChange[] {
  const name = row[write.columns.findIndex((column) => isCommand(write.table, [column]))];
  if (!isIndexCommand(name) && !alone)
    undo(
      "statement-refused",
      `Command ${String(name)} of an FTS5 table must be alone in its transaction: FTS5 cannot undo it.`,
    );
  const change: StatementChange = { type: "statement", sql: insertInto(write, ""), values: row };
  applyStatement(engine, change);
  return name === "integrity-check" ? [] : [change];
}

function run(engine: SqlEngine, sql: string, values: readonly Value[]): StatementChange[] {
  const change: StatementChange = { type: "statement", sql, values };
  applyStatement(engine, change);
  return engine.run("SELECT changes()").rows[0]?.[0] === 0 ? [] : [change];
}
