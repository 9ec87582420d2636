import { quoteText } from "../../shared/sql/names.ts";
import { take } from "./definitions.ts";
import type { Dice } from "./dice.ts";
import type { FuzzStatement } from "./history.ts";
import { freshName, type FuzzSchema, type FuzzTable } from "./schema.ts";
import { anyOperand, smallInteger, smallOperand, statement, text, type Operand } from "./values.ts";

/**
 * Statements that make a full-text table, with rows of its own or over a table, which triggers then keep up as the
 * documentation shows (https://sqlite.org/fts5.html, 4.4.3).
 */
function createSearch(dice: Dice, schema: FuzzSchema, table: FuzzTable): string[] {
  const name = freshName(dice, schema);
  const column = table.columns.find(({ generated }) => !generated)?.name;
  const isOver = table.rowid !== null && column !== undefined && dice.chance(0.4);
  schema.searches.push({ name, of: isOver ? table : null });
  const option = dice.pick(["", ", tokenize = 'porter'", ", prefix = '1 2'"]);
  return isOver
    ? searchOver(dice, schema, name, table, column)
    : [`CREATE VIRTUAL TABLE ${name} USING fts5("w", "v"${option})`];
}

function searchOver(dice: Dice, schema: FuzzSchema, name: string, table: FuzzTable, column: string): string[] {
  const { rowid } = table;
  const put = `INSERT INTO ${name} (rowid, ${column}) VALUES (NEW.${rowid}, NEW.${column});`;
  const take = `INSERT INTO ${name} (${name}, rowid, ${column}) VALUES ('delete', OLD.${rowid}, OLD.${column});`;
  const on = (event: string, body: string) =>
    `CREATE TRIGGER ${freshName(dice, schema)} AFTER ${event} ON ${table.name} BEGIN ${body} END`;
  const content = quoteText(table.name.slice(1, -1).replaceAll('""', '"'));
  return [
    `CREATE VIRTUAL TABLE ${name} USING fts5(${column}, content = ${content}, content_rowid = '${rowid}')`,
    `INSERT INTO ${name} (${name}) VALUES ('rebuild')`,
    on("INSERT", put),
    on("DELETE", take),
    on("UPDATE", take + put),
  ];
}

/**
 * Statements each of which is a batch of its own: FTS5 cannot undo its commands, nor always a table that it made, when a
 * later statement fails.
 */
export function aloneOnSearch(dice: Dice, schema: FuzzSchema): FuzzStatement[] {
  const some = schema.searches.length > 0 ? 1 : 0;
  const made = dice.weighed<string[]>([
    [1, () => createSearch(dice, schema, dice.pick(schema.tables))],
    [2 * some, () => [command(dice, dice.pick(schema.searches).name)]],
    [some, () => [`DROP TABLE ${take(dice, schema.searches).name}`]],
  ]);
  return made.map((sql) => ({ sql, values: [] }));
}

const command = (dice: Dice, name: string): string =>
  `INSERT INTO ${name} (${name}) VALUES ('${dice.pick(["optimize", "rebuild", "integrity-check"])}')`;

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
