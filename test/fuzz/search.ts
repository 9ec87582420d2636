import { quoteText } from "../../shared/sql/names.ts";
import { take } from "./definitions.ts";
import type { Dice } from "./dice.ts";
import type { FuzzStatement } from "./history.ts";
import { freshName, type FuzzSchema, type FuzzTable } from "./schema.ts";
import { anyOperand, smallInteger, smallOperand, statement, text, type Operand } from "./values.ts";

/**
 * Statements that make, drop or command full-text tables, which may stand in a batch with any others. A table over another
 * one is kept up by triggers as the documentation shows (https://sqlite.org/fts5.html, 4.4.3).
 */
export function changeSearches(dice: Dice, schema: FuzzSchema): FuzzStatement[] {
  const some = schema.searches.length > 0 ? 1 : 0;
  const made = dice.weighed<string[]>([
    [2, () => createSearch(dice, schema)],
    [3 * some, () => [command(dice, dice.pick(schema.searches).name)]],
    [some, () => [configure(dice, dice.pick(schema.searches).name)]],
    [some, () => [`DROP TABLE ${take(dice, schema.searches).name}`]],
  ]);
  return made.map((sql) => ({ sql, values: [] }));
}

function createSearch(dice: Dice, schema: FuzzSchema): string[] {
  const name = freshName(dice, schema);
  const free = schema.tables.filter(({ role, rowid }) => role !== "triggered" && rowid !== null);
  const option = dice.pick(["", ", tokenize = 'porter'", ", prefix = '1 2'"]);
  if (free.length > 0 && dice.chance(0.5)) return searchOver(dice, schema, name, dice.pick(free), option);
  schema.searches.push({ name, of: null });
  return [`CREATE VIRTUAL TABLE ${name} USING fts5("w", "v"${option})`];
}

function searchOver(dice: Dice, schema: FuzzSchema, name: string, table: FuzzTable, option: string): string[] {
  const { rowid } = table;
  const column = table.columns.find(({ generated }) => !generated)?.name;
  const put = `INSERT INTO ${name} (rowid, ${column}) VALUES (NEW.${rowid}, NEW.${column});`;
  const take = `INSERT INTO ${name} (${name}, rowid, ${column}) VALUES ('delete', OLD.${rowid}, OLD.${column});`;
  const on = (event: string, body: string) =>
    `CREATE TRIGGER ${freshName(dice, schema)} AFTER ${event} ON ${table.name} BEGIN ${body} END`;
  const content = quoteText(table.name.slice(1, -1).replaceAll('""', '"'));
  schema.searches.push({ name, of: table.name });
  schema.tables = schema.tables.map((each) => (each === table ? { ...table, role: "indexed" } : each));
  return [
    `CREATE VIRTUAL TABLE ${name} USING fts5(${column}, content = ${content}, content_rowid = '${rowid}'${option})`,
    `INSERT INTO ${name} (${name}) VALUES ('rebuild')`,
    on("INSERT", put),
    on("DELETE", take),
    on("UPDATE", take + put),
  ];
}

const command = (dice: Dice, name: string): string =>
  `INSERT INTO ${name} (${name}) VALUES ('${dice.pick(["optimize", "rebuild", "flush", "integrity-check"])}')`;

/** What FTS5 cannot undo: refused beside other statements. */
const configure = (dice: Dice, name: string): string =>
  `INSERT INTO ${name} (${name}, rank) VALUES (${dice.pick(["'rank', 'bm25(2.0)'", "'automerge', 2", "'pgsz', 64"])})`;

/** A statement on rows of a full-text table. One over a table is kept up by triggers alone, and read. */
export function changeSearch(dice: Dice, schema: FuzzSchema): FuzzStatement {
  const { name, of } = dice.pick(schema.searches);
  if (of !== null) return statement`SELECT rowid FROM ${name} WHERE ${name} MATCH 'x'`;
  return dice.weighed<FuzzStatement>([
    [
      6,
      () =>
        statement`INSERT INTO ${name} ("w", "v") VALUES (${words(dice)}, ${anyOperand(dice)}), (${words(dice)}, NULL)`,
    ],
    [2, () => statement`INSERT INTO ${name} (rowid, "w") VALUES (${smallInteger(dice)}, ${words(dice)})`],
    [3, () => statement`UPDATE ${name} SET "w" = ${words(dice)} WHERE rowid % 3 = ${smallInteger(dice)}`],
    [1, () => statement`UPDATE ${name} SET rowid = rowid + ${smallInteger(dice)} WHERE "v" IS ${smallOperand(dice)}`],
    [2, () => statement`DELETE FROM ${name} WHERE rowid = ${smallInteger(dice)}`],
    [1, () => statement`DELETE FROM ${name} WHERE ${name} MATCH 'x'`],
  ]);
}

const words = (dice: Dice): Operand =>
  text(
    `'${Array.from({ length: dice.between(1, 4) }, () => dice.pick(["a", "b", "x", "row", "four", "leaves"])).join(" ")}'`,
  );
