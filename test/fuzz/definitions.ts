import type { Dice } from "./dice.ts";
import type { FuzzStatement } from "./history.ts";
import { createTable, freshName, rowidOf, type FuzzSchema, type FuzzTable } from "./schema.ts";

/** Statements that change the schema, in the order in which they run. A rebuild is several. */
export function changeSchema(dice: Dice, schema: FuzzSchema): FuzzStatement[] {
  return changeTable(dice, schema, dice.pick(schema.tables)).map((sql) => ({ sql, values: [] }));
}

function changeTable(dice: Dice, schema: FuzzSchema, table: FuzzTable): string[] {
  if (table.role === "indexed") return changeIndexed(dice, schema, table);
  const others = (count: number) => (schema.tables.length > count ? 1 : 0);
  return dice.weighed<string[]>([
    [schema.tables.length < 6 ? 2 : 0, () => [createTable(dice, schema)]],
    [3, () => [createIndex(dice, schema, table)]],
    [3, () => [createTrigger(dice, schema, table)]],
    [1, () => createView(dice, schema, table)],
    [2, () => [addColumn(dice, schema, table)]],
    [2, () => [renameColumn(dice, schema, table)]],
    [2, () => [dropColumn(dice, schema, table)]],
    [2, () => [renameTable(dice, schema, table)]],
    [others(2), () => [dropTable(schema, table)]],
    [1, () => [createAs(dice, schema, table)]],
    [1, () => rebuild(dice, schema, table)],
    [schema.indexes.length > 0 ? 1 : 0, () => [`DROP INDEX ${take(dice, schema.indexes)}`]],
    [schema.triggers.length > 0 ? 1 : 0, () => [`DROP TRIGGER ${take(dice, schema.triggers)}`]],
    [schema.views.length > 0 ? 1 : 0, () => [`DROP VIEW ${take(dice, schema.views).name}`]],
    [1, () => [dice.pick(["REINDEX", "ANALYZE", `CREATE TABLE IF NOT EXISTS ${table.name} (a)`])]],
  ]);
}

/** Changes of a table that a full-text table indexes. What would take the indexed column away is refused. */
function changeIndexed(dice: Dice, schema: FuzzSchema, table: FuzzTable): string[] {
  const searches = schema.searches.filter(({ of }) => of === table.name);
  return dice.weighed<string[]>([
    [2, () => [createIndex(dice, schema, table)]],
    [2, () => [addColumn(dice, schema, table)]],
    [1, () => [`ALTER TABLE ${table.name} RENAME COLUMN ${dice.pick(stored(table).slice(0, 1))} TO gone`]],
    [1, () => [`ALTER TABLE ${table.name} RENAME TO gone`]],
    [1, () => [`DROP TABLE ${table.name}`]],
    [
      schema.tables.length > 2 ? 1 : 0,
      () => {
        schema.searches = schema.searches.filter((search) => !searches.includes(search));
        return [...searches.map(({ name }) => `DROP TABLE ${name}`), dropTable(schema, table)];
      },
    ],
  ]);
}

/** Takes one item out of a list that is not empty. */
export function take<Item>(dice: Dice, items: Item[]): Item {
  const item = dice.pick(items);
  items.splice(items.indexOf(item), 1);
  return item;
}

function replace(schema: FuzzSchema, table: FuzzTable, ...by: FuzzTable[]): void {
  schema.tables = schema.tables.flatMap((each) => (each === table ? by : each));
}

function createIndex(dice: Dice, schema: FuzzSchema, { name, columns }: FuzzTable): string {
  const index = freshName(dice, schema);
  const parts = dice
    .some(columns, 2)
    .map((column) => dice.pick([column.name, `lower(${column.name})`, `${column.name} DESC`]));
  const where = dice.chance(0.3) ? ` WHERE ${dice.pick(columns).name} > 3` : "";
  schema.indexes.push(index);
  return `CREATE ${dice.chance(0.4) ? "UNIQUE " : ""}INDEX ${index} ON ${name} (${parts.join(", ")})${where}`;
}

const stored = ({ columns }: FuzzTable): string[] => columns.flatMap(({ name, generated }) => (generated ? [] : name));

/** Triggers touch few rows each: they may fire each other, and themselves where a REPLACE makes triggers recursive. */
function createTrigger(dice: Dice, schema: FuzzSchema, table: FuzzTable): string {
  const trigger = freshName(dice, schema);
  const event = dice.pick(["INSERT", "UPDATE", "DELETE"]);
  const row = event === "DELETE" ? "OLD" : event === "INSERT" ? "NEW" : dice.pick(["NEW", "OLD"]);
  const given = `${row}.${dice.pick(table.columns).name}`;
  const all = schema.tables.filter(({ role }) => role !== "indexed");
  const others = all.filter((other) => other !== table);
  const time = others.length === 0 ? "AFTER" : dice.pick(["BEFORE", "AFTER"]);
  // What a BEFORE trigger does to its own table is undefined (https://sqlite.org/lang_createtrigger.html), and may never end.
  const target = time === "AFTER" ? dice.pick([table, ...all]) : dice.pick(others);
  const [one, other] = [dice.pick(stored(target)), dice.pick(stored(target))];
  const body = dice.pick([
    `INSERT OR IGNORE INTO ${target.name} (${one}) VALUES (${given})`,
    `INSERT OR REPLACE INTO ${target.name} (${one}) VALUES (${dice.pick(["random()", "hex(randomblob(2))", given])})`,
    `UPDATE ${target.name} SET ${one} = ${one} || '+' WHERE ${other} IS ${given} AND length(${one}) < 9`,
    `UPDATE ${target.name} SET ${one} = random() % 5 WHERE ${other} IS ${given}`,
    `DELETE FROM ${target.name} WHERE ${one} IS ${given}`,
    `SELECT RAISE(${dice.pick(["IGNORE", "ABORT, 'no'", "FAIL, 'no'"])}) WHERE ${given} IS 3`,
  ]);
  schema.triggers.push(trigger);
  for (const each of [table, target]) replace(schema, each, { ...each, role: "triggered" });
  const when = dice.chance(0.3) ? ` WHEN ${given} IS NOT 2` : "";
  return `CREATE TRIGGER ${trigger} ${time} ${event} ON ${table.name}${when} BEGIN ${body}; END`;
}

/** A view of one column, with triggers that let it be written. */
function createView(dice: Dice, schema: FuzzSchema, table: FuzzTable): string[] {
  const view = freshName(dice, schema);
  const column = dice.pick(stored(table));
  schema.views.push({ name: view, table });
  replace(schema, table, { ...table, role: "triggered" });
  const on = (event: string, body: string) =>
    `CREATE TRIGGER ${freshName(dice, schema)} INSTEAD OF ${event} ON ${view} BEGIN ${body}; END`;
  return [
    `CREATE VIEW ${view} (v) AS SELECT ${column} FROM ${table.name}`,
    on("INSERT", `INSERT OR IGNORE INTO ${table.name} (${column}) VALUES (NEW.v)`),
    on("UPDATE", `UPDATE OR IGNORE ${table.name} SET ${column} = NEW.v WHERE ${column} IS OLD.v`),
    on("DELETE", `DELETE FROM ${table.name} WHERE ${column} IS OLD.v`),
  ];
}

function addColumn(dice: Dice, schema: FuzzSchema, table: FuzzTable): string {
  const name = freshName(dice, schema);
  const generated = dice.chance(0.2);
  const rest = generated
    ? `AS (${dice.pick(table.columns).name} || 'g')`
    : dice.pick([
        "",
        "TEXT DEFAULT 'new'",
        "INT DEFAULT 7",
        "REAL DEFAULT -0.0",
        "BLOB DEFAULT x'00'",
        "TEXT COLLATE NOCASE",
      ]);
  replace(schema, table, { ...table, columns: [...table.columns, { name, generated }] });
  return `ALTER TABLE ${table.name} ADD COLUMN ${name} ${rest}`;
}

function renameColumn(dice: Dice, schema: FuzzSchema, table: FuzzTable): string {
  const { name: old } = dice.pick(table.columns);
  const hides = dice.chance(0.2) && !table.columns.some(({ name }) => name.toLowerCase() === '"rowid"');
  const name = hides ? '"rowid"' : freshName(dice, schema);
  const columns = table.columns.map((column) => (column.name === old ? { ...column, name } : column));
  const uniques = table.uniques.map((unique) => unique.map((each) => (each === old ? name : each)));
  replace(schema, table, { ...table, columns, uniques, rowid: table.rowid && rowidOf(columns) });
  return `ALTER TABLE ${table.name} RENAME COLUMN ${old} TO ${name}`;
}

function dropColumn(dice: Dice, schema: FuzzSchema, table: FuzzTable): string {
  const inUse = new Set(table.uniques.flat());
  const free = table.columns.filter(({ name }) => !inUse.has(name));
  if (free.length === 0 || stored(table).length < 2) return addColumn(dice, schema, table);
  const dropped = dice.pick(free);
  const columns = table.columns.filter((column) => column !== dropped);
  if (columns.every(({ generated }) => generated)) return addColumn(dice, schema, table);
  replace(schema, table, { ...table, columns, rowid: table.rowid && rowidOf(columns) });
  return `ALTER TABLE ${table.name} DROP COLUMN ${dropped.name}`;
}

function renameTable(dice: Dice, schema: FuzzSchema, table: FuzzTable): string {
  const name = freshName(dice, schema);
  replace(schema, table, { ...table, name });
  return `ALTER TABLE ${table.name} RENAME TO ${name}`;
}

function dropTable(schema: FuzzSchema, table: FuzzTable): string {
  replace(schema, table);
  return `DROP TABLE ${table.name}`;
}

function createAs(dice: Dice, schema: FuzzSchema, { name: from, columns: known }: FuzzTable): string {
  const name = freshName(dice, schema);
  const columns = dice.some(known, 3).map((column) => ({ ...column, generated: false }));
  const chosen = columns.map((column) => column.name).join(", ");
  const all = [...columns, { name: '"r"', generated: false }];
  schema.tables.push({ name, columns: all, uniques: [], rowid: rowidOf(all), autoincrement: false, role: "free" });
  return `CREATE TABLE ${name} AS SELECT ${chosen}, random() AS "r" FROM ${from}`;
}

/** How SQLite's documentation changes a table in ways that ALTER cannot (https://sqlite.org/lang_altertable.html#otheralter). */
function rebuild(dice: Dice, schema: FuzzSchema, table: FuzzTable): string[] {
  const columns = table.columns.filter(({ generated }) => !generated);
  const names = columns.map(({ name }) => name).join(", ");
  const draft = freshName(dice, schema);
  replace(schema, table, { ...table, columns, uniques: [], rowid: rowidOf(columns), autoincrement: false });
  return [
    `CREATE TABLE ${draft} (${names})`,
    `INSERT INTO ${draft} (${names}) SELECT ${names} FROM ${table.name}`,
    `DROP TABLE ${table.name}`,
    `ALTER TABLE ${draft} RENAME TO ${table.name}`,
  ];
}
