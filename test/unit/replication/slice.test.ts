import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { present } from "../../../shared/kernel/assert.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import {
  readSlice,
  restoreCursor,
  rowsAfter,
  startCursor,
  storeCursor,
  type SliceSize,
} from "../../../shared/replication/slice.ts";
import { readTables } from "../../../shared/sql/catalog.ts";
import { anyValue } from "../../support/changes.ts";
import { SqliteEngine } from "../../support/sqlite-engine.ts";

const count = (rows: number) =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) SELECT i FROM n`;

function engineWith(...statements: string[]): SqliteEngine {
  const engine = new SqliteEngine();
  for (const sql of statements) engine.run(sql);
  return engine;
}

/** All slices of a database, one after the other: for each, the tables in it with their number of rows. */
function slicesOf(engine: SqliteEngine, size?: SliceSize) {
  const slices: [table: string, rows: number, last: boolean][][] = [];
  for (let cursor = startCursor; ;) {
    const { parts, next } = readSlice(engine, readTables(engine), cursor, size);
    slices.push(parts.map(({ table, images, last }) => [table.name, images.length, last]));
    if (!next) return slices;
    cursor = restoreCursor(storeCursor(next));
  }
}

test("a cursor survives being stored, to the bit", () => {
  fc.assert(
    fc.property(fc.string(), fc.array(anyValue), (table, after) => {
      const stored: unknown = JSON.parse(JSON.stringify(storeCursor({ table, after })));
      expect(restoreCursor(stored as ReturnType<typeof storeCursor>)).toEqual({ table, after });
    }),
  );
});

describe("slices", () => {
  test(`hold ${limits.sliceRows} rows each, a table counting as one, over as many tables as fit`, () => {
    const engine = engineWith(
      "CREATE TABLE c (i)",
      "CREATE TABLE a (i)",
      "CREATE TABLE b (i)",
      `INSERT INTO a ${count(limits.sliceRows * 2)}`,
      `INSERT INTO c ${count(3)}`,
    );
    expect(slicesOf(engine)).toEqual([
      [["a", limits.sliceRows, false]],
      [["a", limits.sliceRows, true]],
      [
        ["b", 0, true],
        ["c", 3, true],
      ],
    ]);
  });

  test(`hold ${limits.sliceBytes} bytes, but a single row of any size`, () => {
    const engine = engineWith(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, data)",
      `INSERT INTO t VALUES (1, zeroblob(${limits.sliceBytes * 1.5})), (2, 'x'), (3, zeroblob(${limits.sliceBytes - 100})), (4, zeroblob(100)), (5, NULL)`,
    );
    expect(slicesOf(engine).map((parts) => parts.map(([, rows]) => rows))).toEqual([[1], [2], [2]]);
  });

  test("come to their end also over more empty tables than a slice has room for", () => {
    const engine = engineWith(...Array.from({ length: 10 }, (_, at) => `CREATE TABLE t${at} (a)`));
    const slices = slicesOf(engine, { rows: 3, bytes: 100 });
    expect(slices.flat().map(([table]) => table)).toEqual(Array.from({ length: 10 }, (_, at) => `t${at}`));
    expect(Math.max(...slices.map((parts) => parts.length))).toBe(3);
  });
});

describe("rows after a key", () => {
  test.each([
    ["a rowid", "CREATE TABLE t (a, b)"],
    ["a rowid under another name", "CREATE TABLE t (rowid, b)"],
    ["a primary key of several columns", "CREATE TABLE t (a, b, PRIMARY KEY (b, a)) WITHOUT ROWID"],
    ["one in descending order", "CREATE TABLE t (a, b, PRIMARY KEY (a DESC, b)) WITHOUT ROWID"],
    [
      "one whose collation is not the column's",
      "CREATE TABLE t (a TEXT COLLATE NOCASE, b, PRIMARY KEY (a COLLATE BINARY, b COLLATE NOCASE)) WITHOUT ROWID",
    ],
    [
      "one of numbers and texts that look alike",
      "CREATE TABLE t (a NUMERIC, b TEXT, PRIMARY KEY (b, a)) WITHOUT ROWID",
    ],
  ])("are all rows, each once: %s", (_, schema) => {
    const engine = engineWith(schema);
    const words = ["a", "A", "b", "B", "\0", "5", "05", 5, 5.5, -1, 1e300];
    for (const a of words) for (const b of words) engine.run("INSERT OR IGNORE INTO t VALUES (?, ?)", a, b);
    const table = present(readTables(engine)[0], "the table");
    const rows = [...rowsAfter(engine, table, [])];
    expect(rows).toHaveLength(Number(engine.run("SELECT count(*) FROM t").rows[0]?.[0]));
    expect(
      new Set(
        rows.map((row) =>
          JSON.stringify(row, (__, value: unknown) => (typeof value === "bigint" ? `${value}n` : value)),
        ),
      ).size,
    ).toBe(rows.length);
    expect(rows.length).toBeGreaterThan(64);
  });

  test("are found by the key, not by reading the table from its beginning", () => {
    const engine = engineWith(
      "CREATE TABLE r (a)",
      "CREATE TABLE w (a, b TEXT COLLATE NOCASE, PRIMARY KEY (b, a)) WITHOUT ROWID",
    );
    const plans: string[] = [];
    engine.beforeRun = (sql) => void plans.push(sql);
    for (const table of readTables(engine)) {
      const after = table.key.map(() => 1n);
      expect([...rowsAfter(engine, table, after)]).toEqual([]);
    }
    engine.beforeRun = () => undefined;
    const selects = plans.filter((sql) => sql.includes("LIMIT"));
    expect(selects).toHaveLength(2);
    for (const sql of selects) {
      const plan = engine.run(`EXPLAIN QUERY PLAN ${sql}`, ...Array<null>(sql.match(/\?/g)?.length ?? 0).fill(null));
      expect(plan.rows.map((row) => row[3])).toEqual([expect.stringMatching(/^SEARCH/)]);
    }
  });

  test("of a table with 100 columns and a key of 100 columns", () => {
    const columns = Array.from({ length: 100 }, (_, at) => `c${at}`).join(", ");
    const engine = engineWith(`CREATE TABLE wide (${columns}, PRIMARY KEY (${columns})) WITHOUT ROWID`);
    for (let row = 0; row < 20; row += 1)
      engine.run(`INSERT INTO wide VALUES (${Array<string>(99).fill("1").join(", ")}, ?)`, row);
    expect([...rowsAfter(engine, present(readTables(engine)[0], "wide"), [])]).toHaveLength(20);
  });

  test("are read a few at a time: of 50,000 no more than one step stands in memory", () => {
    const engine = engineWith("CREATE TABLE t (i)", `INSERT INTO t ${count(50_000)}`);
    const sizes: number[] = [];
    const run = engine.run.bind(engine);
    engine.run = (sql, ...parameters) => {
      const result = run(sql, ...parameters);
      sizes.push(result.rows.length);
      return result;
    };
    const table = present(readTables(engine)[0], "t");
    let rows = 0;
    for (const _ of rowsAfter(engine, table, [])) rows += 1;
    expect([rows, Math.max(...sizes)]).toEqual([50_000, 16]);
  });
});
