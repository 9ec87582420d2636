import fc from "fast-check";

import { changeSchema } from "./definitions.ts";
import { Dice } from "./dice.ts";
import type { FuzzEvent, FuzzStatement, History } from "./history.ts";
import { changeRows } from "./rows.ts";
import { changeSearches } from "./search.ts";
import { changeMany, changeWide } from "./large.ts";
import { createTable, emptySchema, type FuzzSchema } from "./schema.ts";
import { historiesOf, worlds } from "./worlds.ts";

/** What no database of this kind may run, and what cannot succeed: a batch with one of these changes nothing. */
const failing = [
  "INSERT INTO nowhere VALUES (1)",
  "this is no SQL",
  "BEGIN",
  "SELECT 1; SELECT 2",
  "CREATE TEMP TABLE x (a)",
  "INSERT OR ROLLBACK INTO nowhere VALUES (1)",
  "PRAGMA foreign_keys = OFF",
  "DROP TABLE _trefoil_dirty",
  "ATTACH 'x' AS y",
  "SELECT ?101",
];

/** How many statements a history has, about. */
const statementsPerHistory = 105;

/**
 * The history that `seed` stands for: a random schema with random statements on it, most of which succeed; every tenth
 * seed takes one of the schemas made by hand. The same seed gives the same history as long as the generator stays as it
 * is, so a failure is kept as its statements.
 */
export function generate(seed: number): History {
  return seed % 10 === 0 ? ofWorld(seed) : ofRandomSchema(seed);
}

function ofWorld(seed: number): History {
  const world = new Dice(seed).pick(Object.values(worlds));
  return fc.sample(historiesOf(world), { seed, numRuns: 1 }).flat();
}

function ofRandomSchema(seed: number): History {
  const dice = new Dice(seed);
  const schema = emptySchema();
  const large = largeStep(seed, dice);
  const events: FuzzEvent[] = [];
  let count = 0;
  const add = (statements: FuzzStatement[]) => {
    events.push({ type: "batch", statements });
    count += statements.length;
  };
  for (let tables = dice.between(1, 4); tables > 0; tables -= 1) add([{ sql: createTable(dice, schema), values: [] }]);
  for (let more = dice.between(0, 5); more > 0; more -= 1) changeSchema(dice, schema).forEach((each) => add([each]));
  while (count < statementsPerHistory) {
    add(anyBatch(dice, schema));
    if (count > statementsPerHistory / 2) events.push(...large.splice(0).flatMap((make) => make(schema)));
    if (dice.chance(0.02)) events.push({ type: "restart", node: dice.below(3) });
    if (dice.chance(0.02)) events.push({ type: "rebuild", node: dice.pick([1, 2]) });
    if (dice.chance(0.04)) events.push({ type: "check" });
  }
  return [...events, { type: "check" }];
}

/** What few histories have in their middle, since it takes long: very many rows, or very large ones. */
function largeStep(seed: number, dice: Dice): ((schema: FuzzSchema) => FuzzEvent[])[] {
  const many = (rows: number) => [(schema: FuzzSchema) => changeMany(dice, schema, rows)];
  if (seed % 500 === 77) return many(50_000);
  if (dice.chance(0.02)) return many(dice.between(1_000, 5_000));
  return dice.chance(0.02) ? [(schema) => changeWide(dice, schema)] : [];
}

function anyBatch(dice: Dice, schema: FuzzSchema): FuzzStatement[] {
  const length = dice.chance(0.5) ? 1 : dice.between(2, 6);
  const statements = Array.from({ length }, () =>
    dice.weighed([
      [70, () => [changeRows(dice, schema)]],
      [5, () => changeSchema(dice, schema)],
      [3, () => changeSearches(dice, schema)],
    ]),
  ).flat();
  if (!dice.chance(0.04)) return statements;
  return [...statements, { sql: dice.pick(failing), values: [] }];
}
