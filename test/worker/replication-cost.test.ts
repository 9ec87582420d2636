import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";

import type { Costs, CostScript } from "../contract/engine-object/script.ts";
import { engineObject } from "../contract/engine-object/worker.ts";
import { bundlePath } from "../support/site.ts";

const schema = [
  "CREATE TABLE t (id INTEGER PRIMARY KEY, a, u UNIQUE)",
  "CREATE TABLE c (id INTEGER PRIMARY KEY AUTOINCREMENT, x)",
  "CREATE TABLE p (id INTEGER PRIMARY KEY)",
  "CREATE TABLE q (id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE)",
  "CREATE TABLE w (k PRIMARY KEY, v) WITHOUT ROWID",
];

/** A statement, its row events (inserted, updated and deleted rows, cascades included), and rows with index entries to write on a replica. */
const cases: readonly (readonly [sql: string, events: number, rows: number])[] = [
  ["INSERT INTO t (a, u) VALUES (1, 'a')", 1, 2],
  ["INSERT INTO t (a, u) VALUES (1, 'b'), (2, 'c'), (3, 'd')", 3, 6],
  ["UPDATE t SET a = 5 WHERE id = 1", 1, 2],
  ["UPDATE t SET u = u || 'x'", 4, 8],
  ["INSERT INTO t (a, u) VALUES (9, 'ax') ON CONFLICT (u) DO UPDATE SET a = excluded.a", 1, 2],
  ["INSERT OR IGNORE INTO t (a, u) VALUES (9, 'ax')", 0, 0],
  ["INSERT OR REPLACE INTO t (a, u) VALUES (9, 'ax')", 2, 3],
  ["UPDATE t SET a = replace(a, 'x', 'y')", 4, 8],
  ["DELETE FROM t WHERE id = 2", 1, 1],
  ["INSERT INTO c (x) VALUES (1)", 1, 2],
  ["INSERT INTO p VALUES (1), (2)", 2, 2],
  ["INSERT INTO q VALUES (1, 1), (2, 1), (3, 2)", 3, 3],
  ["DELETE FROM p WHERE id = 1", 3, 3],
  ["INSERT INTO w VALUES ('a', 1), ('b', 2)", 2, 2],
  ["UPDATE w SET v = 3", 2, 2],
  ["UPDATE t SET a = 1 WHERE 0", 0, 0],
  [
    "INSERT INTO q SELECT value + 10, 2 FROM json_each('[" + Array.from({ length: 500 }, (_, at) => at).join() + "]')",
    500,
    500,
  ],
];

describe("rows written, as the engine counts and the platform bills them", () => {
  let miniflare: Miniflare;
  let costs: Costs;
  beforeAll(async () => {
    miniflare = new Miniflare(
      convertV4MiniflareOptions({
        name: "engine-object",
        modules: true,
        scriptPath: join(inject("bundles"), bundlePath(engineObject.config), "index.js"),
        compatibilityDate: "2026-11-01",
        durableObjects: { ENGINE: { className: "EngineObject", useSQLite: true } },
      }),
    );
    const script: CostScript = { schema, statements: cases.map(([sql]) => sql) };
    const response = await miniflare.dispatchFetch("http://engine/", { method: "POST", body: JSON.stringify(script) });
    costs = (await response.json()) as Costs;
  });
  afterAll(() => miniflare.dispose());

  test.each(cases.map(([sql, events, rows], at) => ({ name: sql.slice(0, 70), events, rows, at })))(
    "$name",
    ({ events, rows, at }) => {
      const [plain, primary, replica] = [costs.plain, costs.primary, costs.replica].map(
        (written) => written[at] ?? NaN,
      );
      // A note for each event, and one row for the record; two more where REPLACE is looked after. The fourth of the
      // transaction is the alarm's, which the engine does not count: `shipper.test.ts` says how often it is set.
      expect((primary ?? NaN) - (plain ?? NaN)).toBeLessThanOrEqual(events + (events === 0 ? 0 : 3));
      expect(replica).toBeLessThanOrEqual(rows + (rows === 0 ? 0 : 1));
    },
  );

  test("a plain insert costs one note and one record on the primary, and on a replica the record", () => {
    expect([costs.plain[0], costs.primary[0], costs.replica[0]]).toEqual([2, 4, 3]);
  });
});
