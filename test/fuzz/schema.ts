import { quoteName } from "../../shared/sql/names.ts";
import type { Dice } from "./dice.ts";

/** A column as the generator knows it. */
export interface FuzzColumn {
  readonly name: string;
  /** A generated column is read only. */
  readonly generated: boolean;
}

/** A table as the generator knows it, quoted names throughout. A failed statement may have left another one. */
export interface FuzzTable {
  readonly name: string;
  readonly columns: readonly FuzzColumn[];
  /** Sets of columns that a conflict may be about: primary key, unique constraints. */
  readonly uniques: readonly (readonly string[])[];
  /** What its rows are numbered by, where it has that: a name that no column hides. */
  readonly rowid: string | null;
  readonly autoincrement: boolean;
  /**
   * Does a full-text table index it, or is there a trigger on it or that writes to it? Never both: SQLite runs the triggers
   * of one event in no promised order, so that an index would come out of step, and a snapshot builds it in step.
   */
  readonly role: "free" | "triggered" | "indexed";
}

/** A full-text table: one that holds its rows, or one over a column of a table. */
export interface FuzzSearch {
  readonly name: string;
  /** The name of that table. */
  readonly of: string | null;
}

/** What there is in the database, as far as the generator knows; it grows and shrinks with the statements that it makes. */
export interface FuzzSchema {
  tables: FuzzTable[];
  views: { readonly name: string; readonly table: FuzzTable }[];
  searches: FuzzSearch[];
  indexes: string[];
  triggers: string[];
  /** For names that were not there before. */
  count: number;
}

export const emptySchema = (): FuzzSchema => ({
  tables: [],
  views: [],
  searches: [],
  indexes: [],
  triggers: [],
  count: 0,
});

const oddNames = ["a", "b", "c", "d", "it's", 'say "x"', "select", "Ünï", "two words", "rowid", "oid", "E", "x]y"];
const tableNames = ["t", "order", "it's", 'q"q', "Ünï", "under_score", "two words"];

/** A name that no object has yet. */
export function freshName(dice: Dice, schema: FuzzSchema): string {
  schema.count += 1;
  return quoteName(`${dice.pick(tableNames)}${schema.count}`);
}

const anyTypes = ["", "INT", "INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB", "VARCHAR(10)", "DOUBLE", "DATE"];
const strictTypes = ["INT", "INTEGER", "TEXT", "REAL", "BLOB", "ANY", "ANY"];
const conflicts = [
  "",
  "",
  "",
  " ON CONFLICT REPLACE",
  " ON CONFLICT IGNORE",
  " ON CONFLICT FAIL",
  " ON CONFLICT ABORT",
];
const collations = ["", "", "", " COLLATE NOCASE", " COLLATE RTRIM", " COLLATE BINARY"];
const defaults = [
  " DEFAULT 7",
  " DEFAULT -0.0",
  " DEFAULT 'd'",
  " DEFAULT x'00ff'",
  " DEFAULT CURRENT_TIMESTAMP",
  " DEFAULT (random())",
  " DEFAULT (hex(randomblob(3)))",
];
const actions = ["CASCADE", "SET NULL", "SET DEFAULT", "NO ACTION"];

interface Draft {
  readonly definitions: string[];
  readonly columns: FuzzColumn[];
  readonly uniques: string[][];
}

/** The statement that makes a new table, which is put into `schema`. */
export function createTable(dice: Dice, schema: FuzzSchema): string {
  const name = freshName(dice, schema);
  const strict = dice.chance(0.25);
  const draft: Draft = { definitions: [], columns: [], uniques: [] };
  const width = dice.chance(0.02) ? 100 : dice.between(1, 6);
  const names = width > 6 ? Array.from({ length: width }, (_, at) => `c${at}`) : dice.some(oddNames, width);
  const key =
    names.length > 6
      ? "none"
      : dice.pick(["none", "integer", "autoincrement", "text", "composite", "without rowid", "without rowid"] as const);
  for (const column of names) addColumn(dice, schema, draft, quoteName(column), strict);
  addKey(dice, draft, key);
  if (dice.chance(0.25)) addGenerated(dice, draft, strict);
  const options = [...(key === "without rowid" ? ["WITHOUT ROWID"] : []), ...(strict ? ["STRICT"] : [])].join(", ");
  schema.tables.push({
    name,
    columns: draft.columns,
    uniques: draft.uniques,
    rowid: key === "without rowid" ? null : rowidOf(draft.columns),
    autoincrement: key === "autoincrement",
    role: "free",
  });
  return `CREATE TABLE ${name} (${draft.definitions.join(", ")}) ${options}`.trim();
}

/** The name of the rowid that no column hides. */
export const rowidOf = (columns: readonly FuzzColumn[]): string | null =>
  ["rowid", "_rowid_", "oid"].find((alias) => !columns.some(({ name }) => name.toLowerCase() === `"${alias}"`)) ?? null;

function addColumn(
  dice: Dice,
  schema: FuzzSchema,
  { definitions, columns, uniques }: Draft,
  name: string,
  strict: boolean,
): void {
  const unique = dice.chance(0.2) ? ` UNIQUE${dice.pick(conflicts)}` : "";
  const notNull = dice.chance(0.1) ? ` NOT NULL${dice.pick(conflicts)} DEFAULT 'n'` : "";
  const parent = dice.chance(0.2) ? dice.pick([...schema.tables, null]) : null;
  const reference = parent ? referenceTo(dice, parent) : "";
  const other = notNull || (dice.chance(0.2) ? dice.pick(defaults) : "");
  const check = dice.chance(0.05) ? ` CHECK (${name} IS NOT 4)` : "";
  const type = dice.pick(strict ? strictTypes : anyTypes);
  definitions.push(`${name} ${type}${unique}${other}${check}${dice.pick(collations)}${reference}`);
  columns.push({ name, generated: false });
  if (unique) uniques.push([name]);
}

function referenceTo(dice: Dice, { name, uniques }: FuzzTable): string {
  const target = uniques.find(({ length }) => length === 1);
  if (!target) return "";
  return ` REFERENCES ${name} (${target.join()}) ON DELETE ${dice.pick(actions)} ON UPDATE ${dice.pick(actions)}`;
}

function addKey(dice: Dice, { definitions, columns, uniques }: Draft, key: string): void {
  if (key === "none") return;
  if (key === "integer" || key === "autoincrement") {
    const name = '"id"';
    definitions.unshift(`${name} INTEGER PRIMARY KEY${key === "autoincrement" ? " AUTOINCREMENT" : ""}`);
    columns.unshift({ name, generated: false });
    uniques.unshift([name]);
    return;
  }
  const parts = dice.some(columns, key === "text" ? 1 : 3).map(({ name }) => name);
  const ordered = parts.map(
    (name) => name + dice.pick(parts.length === 1 ? [""] : collations) + dice.pick(["", "", " DESC"]),
  );
  definitions.push(`PRIMARY KEY (${ordered.join(", ")})${dice.pick(conflicts)}`);
  uniques.unshift(parts);
}

function addGenerated(dice: Dice, { definitions, columns }: Draft, strict: boolean): void {
  const name = '"gen"';
  const of = dice.pick(columns).name;
  const expression = dice.pick([`${of} || 'x'`, `length(${of})`, `typeof(${of})`, `hex(${of})`]);
  definitions.splice(
    definitions.length - (definitions.at(-1)?.startsWith("PRIMARY") ? 1 : 0),
    0,
    `${name} ${strict ? "ANY" : ""} AS (${expression}) ${dice.pick(["STORED", "VIRTUAL"])}`,
  );
  columns.push({ name, generated: true });
}
