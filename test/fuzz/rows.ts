import type { Dice } from "./dice.ts";
import type { FuzzStatement } from "./history.ts";
import type { FuzzSchema, FuzzTable } from "./schema.ts";
import { changeSearch } from "./search.ts";
import { anyOperand, listed, smallInteger, smallOperand, statement, text, type Operand } from "./values.ts";

/** A statement that changes, or reads, rows of a table. */
export function changeRows(dice: Dice, schema: FuzzSchema): FuzzStatement {
  const table = dice.pick(schema.tables);
  return dice.weighed<FuzzStatement>([
    [10, () => insert(dice, table)],
    [2, () => insertSelect(dice, table, dice.pick(schema.tables))],
    [2, () => insertMany(dice, table)],
    [6, () => update(dice, table)],
    [2, () => swap(dice, table)],
    [2, () => moveRows(dice, table)],
    [4, () => remove(dice, table)],
    [table.autoincrement ? 2 : 0, () => moveCounter(dice, table)],
    [schema.views.length > 0 ? 2 : 0, () => throughView(dice, schema)],
    [schema.searches.length > 0 ? 4 : 0, () => changeSearch(dice, schema)],
    [1, () => statement`SELECT * FROM ${table.name} WHERE ${condition(dice, table)}`],
  ]);
}

const inserts = [
  "INSERT",
  "INSERT",
  "INSERT",
  "INSERT OR REPLACE",
  "REPLACE",
  "INSERT OR IGNORE",
  "INSERT OR FAIL",
  "INSERT OR ABORT",
];
const updates = ["UPDATE", "UPDATE", "UPDATE OR REPLACE", "UPDATE OR IGNORE", "UPDATE OR FAIL", "UPDATE OR ABORT"];

const stored = ({ columns }: FuzzTable): string[] => columns.flatMap(({ name, generated }) => (generated ? [] : name));

/** An INTEGER PRIMARY KEY takes nothing else than integers, and NULL for the next one. */
const operandFor = (dice: Dice, column: string): Operand =>
  column === '"id"' && dice.chance(0.9) ? dice.pick([smallInteger(dice), text("NULL")]) : anyOperand(dice);

const returning = (dice: Dice): string => (dice.chance(0.1) ? " RETURNING *" : "");

function insert(dice: Dice, table: FuzzTable): FuzzStatement {
  const columns = dice.chance(0.6) ? stored(table).slice(0, 50) : dice.some(stored(table), 4);
  const withRowid = table.rowid !== null && dice.chance(0.15) ? [table.rowid] : [];
  const row = () =>
    listed([...withRowid.map(() => smallInteger(dice)), ...columns.map((column) => operandFor(dice, column))]);
  const rows = Array.from({ length: columns.length > 6 ? 1 : dice.between(1, 3) }, row);
  const values = listed(rows.map(({ sql, values: bound }) => ({ sql: `(${sql})`, values: bound })));
  const names = [...withRowid, ...columns].join(", ");
  return statement`${dice.pick(inserts)} INTO ${table.name} (${names}) VALUES ${values}${upsert(dice, table)}${returning(dice)}`;
}

function upsert(dice: Dice, table: FuzzTable): Operand {
  if (!dice.chance(0.2)) return text("");
  const target = table.uniques.length > 0 && dice.chance(0.8) ? ` (${dice.pick(table.uniques).join(", ")})` : "";
  if (target === "" || dice.chance(0.3)) return text(` ON CONFLICT${target} DO NOTHING`);
  const [one, other] = [dice.pick(stored(table)), dice.pick(stored(table))];
  return { sql: ` ON CONFLICT${target} DO UPDATE SET ${one} = excluded.${other}`, values: [] };
}

/** What another order of reading would give other rows for. */
function insertSelect(dice: Dice, table: FuzzTable, from: FuzzTable): FuzzStatement {
  const columns = stored(table).slice(0, 6);
  const given = columns.map(() => (dice.chance(0.7) ? text(dice.pick(stored(from))) : anyOperand(dice)));
  return statement`${dice.pick(inserts)} INTO ${table.name} (${columns.join(", ")}) SELECT ${listed(given)} FROM ${from.name} WHERE ${condition(dice, from)} LIMIT 5`;
}

function insertMany(dice: Dice, table: FuzzTable): FuzzStatement {
  const columns = dice.some(stored(table), 3);
  const given = columns.map(() =>
    text(dice.pick(["i", "i % 3", "random()", "'row ' || i", "i * 0.1", "randomblob(i % 5)"])),
  );
  return statement`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${String(dice.between(2, 30))}) INSERT OR IGNORE INTO ${table.name} (${columns.join(", ")}) SELECT ${listed(given)} FROM n`;
}

function update(dice: Dice, table: FuzzTable): FuzzStatement {
  const changes = dice.some(stored(table), 3).map((column): Operand => {
    const { sql, values } = dice.chance(0.6) ? operandFor(dice, column) : text(derived(dice, column));
    return { sql: `${column} = ${sql}`, values };
  });
  return statement`${dice.pick(updates)} ${table.name} SET ${listed(changes)} WHERE ${condition(dice, table)}${returning(dice)}`;
}

const derived = (dice: Dice, column: string): string =>
  dice.pick([
    `${column} + 1`,
    `-${column}`,
    `${column} || 'x'`,
    `lower(${column})`,
    `CAST(${column} AS BLOB)`,
    "random()",
  ]);

/** Unique values that change hands. */
function swap(dice: Dice, table: FuzzTable): FuzzStatement {
  const column = dice.pick(stored(table));
  const [one, other] = [smallOperand(dice), smallOperand(dice)];
  return statement`${dice.pick(updates)} ${table.name} SET ${column} = CASE WHEN ${column} IS ${one} THEN ${other} ELSE ${one} END WHERE ${column} IS ${one} OR ${column} IS ${other}`;
}

function moveRows(dice: Dice, table: FuzzTable): FuzzStatement {
  if (table.rowid === null) return update(dice, table);
  return statement`${dice.pick(updates)} ${table.name} SET ${table.rowid} = ${table.rowid} + ${smallInteger(dice)} WHERE ${condition(dice, table)}`;
}

function remove(dice: Dice, table: FuzzTable): FuzzStatement {
  return statement`DELETE FROM ${table.name} WHERE ${condition(dice, table)}${returning(dice)}`;
}

function moveCounter(dice: Dice, { name }: FuzzTable): FuzzStatement {
  const literal = `'${name.slice(1, -1).replaceAll('""', '"').replaceAll("'", "''")}'`;
  if (dice.chance(0.3)) return statement`DELETE FROM sqlite_sequence WHERE name = ${literal}`;
  return statement`UPDATE sqlite_sequence SET seq = ${smallInteger(dice)} WHERE name = ${literal}`;
}

function throughView(dice: Dice, { views }: FuzzSchema): FuzzStatement {
  const { name } = dice.pick(views);
  return dice.weighed([
    [2, () => statement`INSERT INTO ${name} (v) VALUES (${anyOperand(dice)})`],
    [2, () => statement`UPDATE ${name} SET v = ${anyOperand(dice)} WHERE v IS ${smallOperand(dice)}`],
    [1, () => statement`DELETE FROM ${name} WHERE v IS ${smallOperand(dice)}`],
  ]);
}

/** Which rows: few, most often. */
function condition(dice: Dice, table: FuzzTable): Operand {
  const column = dice.pick(table.columns).name;
  const make = (sql: string, ...operands: Operand[]): Operand => ({
    sql,
    values: operands.flatMap(({ values }) => values),
  });
  return dice.weighed([
    [5, () => make(`${column} IS ?`, smallOperand(dice))],
    [2, () => make(`${column} = ?`, smallOperand(dice))],
    [2, () => make(`${column} > ?`, smallOperand(dice))],
    [1, () => text(`${column} IS NULL`)],
    [2, () => text(`typeof(${column}) = '${dice.pick(["integer", "text", "real", "blob", "null"])}'`)],
    [table.rowid === null ? 0 : 4, () => make(`${table.rowid ?? ""} % 4 = ?`, { sql: "?", values: [dice.below(4)] })],
    [1, () => text("random() % 3 = 0")],
    [1, () => text("1")],
  ]);
}
