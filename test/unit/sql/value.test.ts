import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { boundAs, bufferOf, type Value } from "../../../shared/sql/value.ts";
import { SqliteEngine } from "../../support/sqlite-engine.ts";

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const value: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom<Value[]>(
    null,
    5n,
    5,
    "5",
    "05",
    "5.0",
    new Uint8Array([53]),
    { rawText: new Uint8Array([0x35]) },
    0n,
    -0,
    0,
  ),
  fc.constantFrom<Value[]>(
    Infinity,
    -Infinity,
    2 ** 53,
    2n ** 53n,
    2n ** 53n + 1n,
    "",
    new Uint8Array(),
    { rawText: new Uint8Array([0xff]) },
    "a\0b",
  ),
  int64,
  fc.double({ noNaN: true }),
  fc.string({ unit: "binary" }),
  fc.uint8Array(),
);

/** The storage class and the bytes of what `value` must be, as SQLite's typeof() and its casts tell them. */
function expected(given: Value): unknown[] {
  if (given === null) return ["null", null];
  if (typeof given === "bigint") return ["integer", String(given)];
  if (typeof given === "number") return ["real", given];
  if (typeof given === "string") return ["text", new TextEncoder().encode(given)];
  return given instanceof Uint8Array ? ["blob", given] : ["text", given.rawText];
}

const stored = `typeof(k), CASE typeof(k) WHEN 'integer' THEN CAST(k AS TEXT) WHEN 'text' THEN CAST(k AS BLOB) ELSE k END`;

test("what is written comes back to the bit where no affinity changes it", () => {
  const engine = new SqliteEngine();
  engine.run("CREATE TABLE t (k)");
  fc.assert(
    fc.property(value, (given) => {
      const { expression, bind } = boundAs(given, 1);
      engine.run("DELETE FROM t");
      engine.run(`INSERT INTO t VALUES (${expression})`, bind);
      const [type, cell] = engine.run(`SELECT ${stored} FROM t`).rows[0] ?? [];
      expect([type, cell instanceof ArrayBuffer ? new Uint8Array(cell) : cell]).toEqual(expected(given));
    }),
    { numRuns: 500 },
  );
});

describe("as a key it finds its own row and no other", () => {
  test.each(["k", "k TEXT", "k INT", "k REAL", "k NUMERIC", "k BLOB"])("in a primary key declared %s", (column) => {
    fc.assert(
      fc.property(fc.uniqueArray(value, { minLength: 2, maxLength: 8 }), (keys) => {
        const engine = new SqliteEngine();
        engine.run(`CREATE TABLE t (${column}, n INT, PRIMARY KEY (k)) WITHOUT ROWID`);
        for (const [n, key] of keys.entries()) {
          const { expression, bind } = boundAs(key, 1);
          engine.run(`INSERT OR IGNORE INTO t SELECT ${expression}, ${n} WHERE ${expression} IS NOT NULL`, bind);
          // A key that the column's affinity has changed is another value than the one that is looked for.
          engine.run(`DELETE FROM t WHERE n = ${n} AND typeof(k) <> typeof(${expression})`, bind);
        }
        const left = () => engine.run("SELECT n FROM t ORDER BY n").rows.map(([n]) => Number(n));
        for (const n of left()) {
          const before = left();
          const { expression, bind } = boundAs(keys[n] ?? null, 1);
          engine.run(`DELETE FROM t WHERE k = ${expression}`, bind);
          expect(left()).toEqual(before.filter((other) => other !== n));
        }
      }),
      { numRuns: 60 },
    );
  });
});

test("a buffer holds the bytes of the view alone", () => {
  expect(bufferOf(new Uint8Array([1, 2, 3]).subarray(1, 2))).toEqual(new Uint8Array([2]).buffer);
});
