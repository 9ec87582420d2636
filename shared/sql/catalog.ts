import { undo } from "../kernel/error.ts";
import type { SqlEngine } from "./engine.ts";
import { isReserved, quoteName, quoteText } from "./names.ts";
import { isWord, tokenize } from "./tokenize.ts";

/** A user's table as replication sees it. */
export interface Table {
  readonly name: string;
  /** The columns that are stored, in the order of their declaration: generated ones are computed anew on each node. */
  readonly columns: readonly string[];
  /** What names a row: the rowid under a name that no column shadows, or the primary key of a WITHOUT ROWID table. */
  readonly key: readonly string[];
  readonly withoutRowid: boolean;
  readonly autoincrement: boolean;
  /** Does a constraint of the table delete rows by `ON CONFLICT REPLACE`? */
  readonly replaces: boolean;
}

/** An object of the schema, as `sqlite_master` has it. */
export interface SchemaObject {
  readonly type: string;
  readonly name: string;
  readonly table: string;
  readonly sql: string;
}

const isPrivate = (name: string): boolean => isReserved(name) || name.toLowerCase().startsWith("sqlite_");

/** The user's tables, indexes, views and triggers in the order in which they were made. */
export function schemaObjects(engine: SqlEngine): SchemaObject[] {
  const { rows } = engine.run("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid");
  return rows
    .map(([type, name, table, sql]) => ({ type: String(type), name: String(name), table: String(table), sql: String(sql) }))
    .filter(({ name }) => !isPrivate(name));
}

/**
 * Reads the user's tables from the schema.
 *
 * @throws {Undo} when a table hides its rowid behind columns of all three names.
 */
export function readTables(engine: SqlEngine): Table[] {
  return schemaObjects(engine)
    .filter(({ type }) => type === "table")
    .map((object) => readTable(engine, object));
}

interface Column {
  readonly name: string;
  readonly primaryKey: number;
  readonly generated: boolean;
}

function readTable(engine: SqlEngine, { name, sql }: SchemaObject): Table {
  const listed = engine.run(`SELECT wr FROM pragma_table_list(${quoteText(name)}) WHERE schema = 'main'`);
  const withoutRowid = listed.rows[0]?.[0] === 1;
  const columns = readColumns(engine, name);
  const tokens = tokenize(sql);
  return {
    name,
    columns: columns.filter(({ generated }) => !generated).map((column) => column.name),
    key: withoutRowid ? primaryKey(columns) : [rowidName(name, columns)],
    withoutRowid,
    autoincrement: tokens.some((token) => isWord(token, "AUTOINCREMENT")),
    replaces: tokens.some((token, at) => isWord(token, "REPLACE") && isWord(tokens[at - 1], "CONFLICT")),
  };
}

function readColumns(engine: SqlEngine, table: string): Column[] {
  const { rows } = engine.run(`SELECT name, pk, hidden FROM pragma_table_xinfo(${quoteText(table)}) ORDER BY cid`);
  return rows.map(([name, pk, hidden]) => ({
    name: String(name),
    primaryKey: Number(pk),
    // 2 and 3 are virtual and stored generated columns: https://sqlite.org/pragma.html#pragma_table_xinfo
    generated: hidden === 2 || hidden === 3,
  }));
}

const primaryKey = (columns: readonly Column[]): string[] =>
  columns
    .filter((column) => column.primaryKey > 0)
    .sort((one, other) => one.primaryKey - other.primaryKey)
    .map(({ name }) => name);

function rowidName(table: string, columns: readonly Column[]): string {
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()));
  const free = ["rowid", "_rowid_", "oid"].find((name) => !taken.has(name));
  if (free === undefined)
    undo("statement-refused", `Table ${table} has columns named rowid, _rowid_ and oid, which hide the key of its rows. Rename one.`);
  return free;
}
