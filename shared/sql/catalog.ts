import { undo } from "../kernel/error.ts";
import type { SqlEngine } from "./engine.ts";
import { isReserved, quoteName, quoteText } from "./names.ts";
import { readSearchTables } from "./search-table.ts";
import { replacesRows } from "./statement.ts";
import { isWord, tokenize } from "./tokenize.ts";

/** A user's table as replication sees it. */
export interface Table {
  readonly name: string;
  /** The columns that are stored, in the order of their declaration: generated ones are computed anew on each node. */
  readonly columns: readonly string[];
  /** What names a row: the rowid under a name that no column shadows, or the primary key of a WITHOUT ROWID table. */
  readonly key: readonly string[];
  /** In which collation each column of the key is told apart: that of the primary key, which need not be the column's. */
  readonly collations: readonly string[];
  readonly withoutRowid: boolean;
  readonly autoincrement: boolean;
  /** Is it an FTS5 table that holds its own rows? No trigger can stand on it. */
  readonly virtual: boolean;
}

/** An object of the schema, as `sqlite_master` has it. */
export interface SchemaObject {
  readonly type: string;
  readonly name: string;
  /** The table or view that it is, or is on. */
  readonly table: string;
  readonly sql: string;
}

const isPrivate = (name: string): boolean => isReserved(name) || name.toLowerCase().startsWith("sqlite_");

/** The user's tables, indexes, views and triggers in the order in which they were made, without the inner tables of FTS5. */
export function schemaObjects(engine: SqlEngine): SchemaObject[] {
  const inner = new Set(
    engine.run("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'").rows.flat(),
  );
  const { rows } = engine.run(
    "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid",
  );
  return rows
    .map(([type, name, table, sql]) => ({
      type: String(type),
      name: String(name),
      table: String(table),
      sql: String(sql),
    }))
    .filter(({ name }) => !isPrivate(name) && !inner.has(name));
}

/**
 * Reads the user's tables from the schema.
 *
 * @throws {Undo} when a table hides its rowid behind columns of all three names.
 */
export function readTables(engine: SqlEngine): Table[] {
  const holders = new Set(readSearchTables(engine).flatMap(({ name, ownsContent }) => (ownsContent ? name : [])));
  return schemaObjects(engine)
    .filter(({ type, name, sql }) => type === "table" && (holders.has(name) || !isVirtual(sql)))
    .map((object) => readTable(engine, object));
}

/** May a constraint or a trigger delete rows by a REPLACE conflict clause, whatever the statement says that meets it? */
export const schemaReplaces = (engine: SqlEngine): boolean =>
  schemaObjects(engine).some(({ sql }) => replacesRows(tokenize(sql)));

/** An SQL condition: is `row` (empty, or a name with its dot) the one that `values`, one expression a column, are the key of? */
export const keyMatches = ({ key, collations }: Table, row: string, values: readonly string[]): string =>
  key.map((column, at) => `${row}${quoteName(column)} = ${values[at]} COLLATE ${collations[at]}`).join(" AND ");

const isVirtual = (sql: string): boolean => isWord(tokenize(sql)[1], "VIRTUAL");

interface Column {
  readonly name: string;
  /** Is it written? Generated columns are computed, and those that FTS5 hides stand for the table itself. */
  readonly stored: boolean;
}

interface KeyColumn {
  readonly name: string;
  readonly collation: string;
}

function readTable(engine: SqlEngine, { name, sql }: SchemaObject): Table {
  const listed = engine.run(`SELECT wr FROM pragma_table_list(${quoteText(name)}) WHERE schema = 'main'`);
  const withoutRowid = listed.rows[0]?.[0] === 1;
  const columns = readColumns(engine, name);
  const key = withoutRowid ? readPrimaryKey(engine, name) : [{ name: rowidName(name, columns), collation: "BINARY" }];
  return {
    name,
    columns: columns.filter(({ stored }) => stored).map((column) => column.name),
    key: key.map((column) => column.name),
    collations: key.map(({ collation }) => collation),
    withoutRowid,
    autoincrement: tokenize(sql).some((token) => isWord(token, "AUTOINCREMENT")),
    virtual: isVirtual(sql),
  };
}

function readColumns(engine: SqlEngine, table: string): Column[] {
  const { rows } = engine.run(`SELECT name, hidden FROM pragma_table_xinfo(${quoteText(table)}) ORDER BY cid`);
  return rows.map(([name, hidden]) => ({
    name: String(name),
    // 1 is hidden, 2 and 3 are generated columns: https://sqlite.org/pragma.html#pragma_table_xinfo
    stored: hidden === 0,
  }));
}

function readPrimaryKey(engine: SqlEngine, table: string): KeyColumn[] {
  const { rows } = engine.run(
    `SELECT x.name, x.coll FROM pragma_index_list(${quoteText(table)}) AS l, pragma_index_xinfo(l.name) AS x
     WHERE l.origin = 'pk' AND x.key ORDER BY x.seqno`,
  );
  return rows.map(([name, collation]) => ({ name: String(name), collation: String(collation) }));
}

function rowidName(table: string, columns: readonly Column[]): string {
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()));
  const free = ["rowid", "_rowid_", "oid"].find((name) => !taken.has(name));
  if (free === undefined)
    undo(
      "statement-refused",
      `Table ${table} has columns named rowid, _rowid_ and oid, which hide the key of its rows. Rename one.`,
    );
  return free;
}
