import { limits } from "../../shared/kernel/limits.ts";
import type { Dice } from "./dice.ts";
import type { FuzzEvent } from "./history.ts";
import { freshName, type FuzzSchema } from "./schema.ts";

/** Texts of statements that are one batch. */
type Batch = readonly string[];

/**
 * Changes of very many rows by one statement each, in tables of their own, which are gone at the end: a record of several
 * parts, yet one transaction. Triggers, cascades and indexes in them reach their rows without a search.
 *
 * @param rows how many there are to begin with.
 */
export function changeMany(dice: Dice, schema: FuzzSchema, rows: number): FuzzEvent[] {
  const [table, beside] = [freshName(dice, schema), freshName(dice, schema)];
  const batches: Batch[] = [
    [`CREATE TABLE ${table} ${dice.pick(shapes)}`],
    ...(dice.chance(0.5) ? [dice.pick(besides)(table, beside)] : []),
    [fill(dice, table, rows)],
    ...Array.from({ length: rows > mostInOneGo ? 1 : dice.between(2, 4) }, () => change(dice, table, beside)),
  ];
  return [...eventsOf(dice, batches), { type: "check" }, ...dropped(beside, table)];
}

/** Beyond so many rows, a single change of them all takes seconds. */
const mostInOneGo = 10_000;

/** All have the columns u, by which their rows are told apart, and v. */
const shapes = [
  "(id INTEGER PRIMARY KEY, u INT UNIQUE, v)",
  "(id INTEGER PRIMARY KEY AUTOINCREMENT, u INT UNIQUE, v TEXT)",
  "(u INTEGER PRIMARY KEY, v, g AS (v || 'g') STORED)",
  "(u INT PRIMARY KEY, v) WITHOUT ROWID",
  "(u INT UNIQUE, v ANY) STRICT",
];

/** What changes along with the rows. */
const besides: readonly ((table: string, beside: string) => Batch)[] = [
  (table, beside) => [
    `CREATE TABLE ${beside} (p INT UNIQUE REFERENCES ${table} (u) ON DELETE CASCADE ON UPDATE CASCADE)`,
    `CREATE TRIGGER ${marked(beside)} AFTER INSERT ON ${table} WHEN NEW.u % 3 = 0 BEGIN INSERT OR IGNORE INTO ${beside} VALUES (NEW.u); END`,
  ],
  (table, beside) => [
    `CREATE TABLE ${beside} (was, is_now DEFAULT (random()))`,
    `CREATE TRIGGER ${marked(beside)} AFTER UPDATE ON ${table} BEGIN INSERT INTO ${beside} (was) VALUES (OLD.v); END`,
  ],
  (table, beside) => [
    `CREATE VIRTUAL TABLE ${beside} USING fts5(v)`,
    `CREATE TRIGGER ${marked(beside)} AFTER INSERT ON ${table} BEGIN INSERT INTO ${beside} (rowid, v) VALUES (NEW.u, NEW.v); END`,
  ],
];

const marked = (name: string): string => `${name.slice(0, -1)} kept"`;

function fill(dice: Dice, table: string, rows: number): string {
  const value = dice.pick(["random()", "'row ' || i", "randomblob(8)", "i / 7.0", "NULL"]);
  return `INSERT INTO ${table} (u, v) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) SELECT i, ${value} FROM n`;
}

function change(dice: Dice, table: string, beside: string): Batch {
  return dice.weighed<Batch>([
    [2, () => [`UPDATE ${table} SET v = ${dice.pick(["random()", "hex(randomblob(4))", "u || 'x'", "NULL"])}`]],
    [1, () => [`UPDATE ${table} SET u = -u`]],
    [1, () => [`UPDATE OR REPLACE ${table} SET u = u / 2 * 2`]],
    [1, () => [`DELETE FROM ${table} WHERE random() % 2`]],
    [1, () => [`DELETE FROM ${table}`, `INSERT INTO ${table} (u, v) VALUES (1, 'row')`]],
    [1, () => [`INSERT OR REPLACE INTO ${table} (u, v) SELECT u, 'again' FROM ${table} WHERE u % 3 = 0`]],
    [1, () => [`CREATE TABLE ${beside} AS SELECT v, random() AS r FROM ${table}`]],
    [1, () => [`UPDATE ${table} SET v = 'lost'`, "INSERT INTO nowhere VALUES (1)"]],
  ]);
}

/**
 * Rows that are just as large as a row may be, or a little larger, in a table of their own, which is gone at the end. The
 * larger ones are refused, and nothing of their batch is there.
 */
export function changeWide(dice: Dice, schema: FuzzSchema): FuzzEvent[] {
  const table = freshName(dice, schema);
  const batches: Batch[] = [
    [
      `CREATE TABLE ${table} ${dice.pick(["(a, b)", "(k INTEGER PRIMARY KEY, a, b)", "(a PRIMARY KEY, b) WITHOUT ROWID"])}`,
    ],
    ...Array.from({ length: 2 }, () => [`INSERT INTO ${table} (a, b) VALUES (${dice.between(1, 3)}, ${wide(dice)})`]),
    ...Array.from({ length: 3 }, () => [`DELETE FROM ${table} WHERE random() % 4 = 0`, widen(dice, table)]),
  ];
  return [...eventsOf(dice, batches), { type: "check" }, ...dropped(table)];
}

const widen = (dice: Dice, table: string): string =>
  dice.pick([
    `UPDATE OR IGNORE ${table} SET a = b WHERE length(a) < 9`,
    `UPDATE ${table} SET b = ${wide(dice)}`,
    `UPDATE ${table} SET b = b || '${"x".repeat(dice.between(1, 40))}'`,
    `UPDATE ${table} SET b = substr(b, 2)`,
  ]);

/** A value that makes a row about as large as it may be. */
function wide(dice: Dice): string {
  const bytes = limits.rowBytes - dice.pick([-1000, -1, 0, 1, 8, 9, 10, 11, 12, 20, 21, 22, 1000, 100_000]);
  return dice.pick([
    `zeroblob(${bytes})`,
    `randomblob(${bytes})`,
    `printf('%.*c', ${bytes}, 'x')`,
    `printf('%.*c', ${bytes >> 1}, 'é')`,
  ]);
}

/** The batches, and now and then a snapshot that begins between two of them. */
const eventsOf = (dice: Dice, batches: readonly Batch[]): FuzzEvent[] =>
  batches.flatMap((batch): FuzzEvent[] => [
    ...(dice.chance(0.1) ? [{ type: "rebuild", node: dice.pick([1, 2] as const) } as const] : []),
    { type: "batch", statements: batch.map((sql) => ({ sql, values: [] })) },
  ]);

const dropped = (...names: readonly string[]): FuzzEvent[] =>
  names.map((name) => ({ type: "batch", statements: [{ sql: `DROP TABLE IF EXISTS ${name}`, values: [] }] }));
