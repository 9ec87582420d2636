import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { present } from "../../../shared/kernel/assert.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import { bindStatement, type Argument, type BoundStatement } from "../../../shared/sql/parameters.ts";
import { parseStatement, type Statement } from "../../../shared/sql/statement.ts";
import { SqliteEngine } from "../../support/sqlite-engine.ts";

function parsed(sql: string): Statement {
  const statement = parseStatement(sql);
  if ("refused" in statement) throw new Error(statement.refused);
  return statement;
}

function bound(sql: string, ...values: Argument[]): BoundStatement {
  const outcome = bindStatement(parsed(sql), values);
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome;
}

const failureOf = (...values: unknown[]): string | undefined => {
  const outcome = bindStatement(parsed(`SELECT ${values.map(() => "?").join(", ")}`), values as Argument[]);
  return outcome.ok ? undefined : outcome.message;
};

/** What SQLite does with `values` where integers are bound as integers: the oracle. */
const native = (value: Argument): SQLInputValue => {
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (typeof value === "number") return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
  return value instanceof ArrayBuffer ? new Uint8Array(value) : (value as SQLInputValue);
};

const shapes = "(u, t TEXT, i INTEGER, r REAL, n NUMERIC, b BLOB)";
const columns = ["u", "t", "i", "r", "n", "b"];

/** The same statement run both ways: through the binding, and by the oracle. Rows come with their storage classes. */
class Both {
  readonly engine = new SqliteEngine();
  readonly oracle = new DatabaseSync(":memory:");

  constructor(...setup: string[]) {
    for (const sql of setup) this.setUp(sql);
  }

  setUp(sql: string): void {
    this.engine.run(sql);
    this.oracle.exec(sql);
  }

  run(sql: string, ...values: Argument[]): { ours: unknown; theirs: unknown } {
    const statement = bound(sql, ...values);
    const ours = this.#outcome(() =>
      this.engine.run(statement.sql, ...statement.binds).rows.map((row) => row.map(plain)),
    );
    const theirs = this.#outcome(() => {
      const prepared = this.oracle.prepare(sql);
      prepared.setReturnArrays(true);
      prepared.setReadBigInts(true);
      return (prepared.all(...values.map(native)) as unknown as unknown[][]).map((row) => row.map(plain));
    });
    return { ours, theirs };
  }

  /** Errors count as results: where the oracle refuses, so must we. */
  #outcome(work: () => unknown): unknown {
    try {
      return work();
    } catch (error) {
      return String(error).replace(/^\w*Error: /, "");
    }
  }
}

const plain = (cell: unknown): unknown =>
  typeof cell === "bigint"
    ? Number(cell)
    : cell instanceof Uint8Array || cell instanceof ArrayBuffer
      ? [...new Uint8Array(cell)]
      : cell;

const argument: fc.Arbitrary<Argument> = fc.oneof(
  fc.constantFrom<Argument[]>(
    null,
    true,
    false,
    0,
    -0,
    5,
    -5,
    2 ** 53 - 1,
    2 ** 53,
    -(2 ** 53),
    5.5,
    1e18,
    1e300,
    5e-324,
    "5",
    "05",
    "5.0",
    " 5",
    "x",
    "",
  ),
  fc.constantFrom<Argument[]>(
    5n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    2n ** 53n + 1n,
    new Uint8Array([53]),
    new ArrayBuffer(2),
  ),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string(),
);

describe("a bound value acts as one that SQLite itself was given as an integer, a double, a text or bytes", () => {
  test("stored in a column of any type", () => {
    const both = new Both(`CREATE TABLE t ${shapes}`);
    const exact = columns.flatMap((column) => [`typeof(${column})`, `CAST(${column} AS BLOB)`, column]).join(", ");
    fc.assert(
      fc.property(argument, (value) => {
        both.run("DELETE FROM t");
        both.run("INSERT INTO t VALUES (?1, ?1, ?1, ?1, ?1, ?1)", value);
        const { ours, theirs } = both.run(`SELECT ${exact} FROM t`);
        expect(theirs).toHaveLength(1);
        expect(ours).toEqual(theirs);
      }),
      { numRuns: 300 },
    );
  });

  test("compared with a column of any type, by any comparison", () => {
    const seeds = ["5", "'5'", "'05'", "5.0", "5.5", "x'35'", "NULL", "-1", "9007199254740993", "'x'", "1e18"];
    const both = new Both(
      `CREATE TABLE t ${shapes}`,
      ...seeds.map((seed) => `INSERT INTO t VALUES (${Array(6).fill(seed).join(", ")})`),
    );
    const tests = columns.flatMap((c) => [
      `${c} = ?1`,
      `?1 = ${c}`,
      `${c} < ?1`,
      `${c} IS ?1`,
      `${c} IN (?1, ?2)`,
      `${c} BETWEEN ?1 AND ?2`,
      `(${c}, 1) = (?1, 1)`,
    ]);
    fc.assert(
      fc.property(argument, argument, (one, other) => {
        for (const part of [tests.slice(0, 21), tests.slice(21)]) {
          const { ours, theirs } = both.run(`SELECT ${part.join(", ")} FROM t`, one, other);
          expect(theirs).toHaveLength(seeds.length);
          expect(ours).toEqual(theirs);
        }
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    "SELECT typeof(?1), abs(?2), ?1 || ?2, ?1 + ?2, ?1 / ?2, ?1 % ?2, -?1, ?1-?2, ?1 & ?2",
    "SELECT json_array(?1, ?2), printf('%d %s', ?1, ?2), max(?1, ?2), coalesce(?1, ?2), ?1 LIKE ?2",
    "SELECT '[4,5,6]' ->> ?1, '[4,5,6]' -> ?2",
    "SELECT CASE ?1 WHEN ?2 THEN 'same' ELSE ?1 END, CAST(?1 AS TEXT), ?1 COLLATE NOCASE = ?2, ?1 IN (SELECT ?2)",
    "SELECT a FROM (VALUES (1), (2), (3)) AS v(a) CROSS JOIN (SELECT 1) AS a ORDER BY ?1, ?2",
    "SELECT value FROM json_each('[1,2,3,4]') WHERE ?1 IS NOT ?2 LIMIT ?1 OFFSET ?2",
    "SELECT sum(value) OVER (ROWS BETWEEN ?1 PRECEDING AND ?2 FOLLOWING) FROM json_each('[1,2,3,4]')",
    "SELECT sum(value) OVER (ROWS ?1 PRECEDING), ?2 FROM json_each('[1,2,3,4]')",
    "WITH RECURSIVE n(a) AS (SELECT ?1 UNION ALL SELECT a + 1 FROM n WHERE a < ?2 LIMIT 9) SELECT a, typeof(a) FROM n",
    "SELECT?1AS a,?2IS NULL",
  ])("in %s", (sql) => {
    const both = new Both();
    fc.assert(
      fc.property(argument, argument, (one, other) => {
        const { ours, theirs } = both.run(sql, one, other);
        expect(ours).toEqual(theirs);
      }),
      { numRuns: 60 },
    );
  });

  test("and an index serves it", () => {
    const { engine } = new Both("CREATE TABLE t (a TEXT, b, UNIQUE (a, b))");
    const { sql, binds } = bound("SELECT * FROM t WHERE a = ? AND b > ?", 5, 6n);
    expect(String(engine.run(`EXPLAIN QUERY PLAN ${sql}`, ...binds).rows[0]?.[3])).toContain(
      "USING COVERING INDEX sqlite_autoindex_t_1 (a=? AND b>?)",
    );
  });
});

describe("the text is rewritten for integers only, and every parameter keeps its number", () => {
  test.each<[string, Argument[], string]>([
    ["SELECT ?, ?", ["a", null], "SELECT ?, ?"],
    ["SELECT ?, ?", [5, "a"], "SELECT +cast(?1 as integer), ?"],
    ["SELECT ?, ?, ?", ["a", 5, "b"], "SELECT ?, +cast(?2 as integer), ?"],
    ["SELECT :a, /* :a */ :b, :a", [5, "b"], "SELECT +cast(?1 as integer), /* :a */ :b, +cast(?1 as integer)"],
    ["SELECT ?2, ?1, '?'", [5n, 1.5], "SELECT ?2, +cast(?1 as integer), '?'"],
  ])("%s", (sql, values, rewritten) => {
    expect(bound(sql, ...values).sql).toBe(rewritten);
    expect(parsed(rewritten).parameters.map(({ index }) => index)).toEqual(
      parsed(sql).parameters.map(({ index }) => index),
    );
  });
});

test("bytes are those of the view, not of the buffer under it", () => {
  const view = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
  expect(new Uint8Array(present(bound("SELECT ?", view).binds[0], "the bytes") as ArrayBuffer)).toEqual(
    new Uint8Array([2, 3]),
  );
});

describe("what SQLite would store as something else is refused, with the parameter's number", () => {
  test.each<[unknown, string]>([
    [Number.NaN, "SQLite has no NaN"],
    [Infinity, "SQLite has no Infinity"],
    [2n ** 63n, "does not fit into 64 bits"],
    [-(2n ** 63n) - 1n, "does not fit into 64 bits"],
    [undefined, "type 'undefined' is not supported"],
    [{}, "is no byte array"],
    [() => 1, "type 'function' is not supported"],
  ])("%s", (value, why) => {
    expect(failureOf("fine", value)).toMatch(/^Parameter 2 cannot be stored: /);
    expect(failureOf("fine", value)).toContain(why);
  });

  test("a wrong number of values, in the words of D1", () => {
    const message = (wanted: number, given: number) =>
      `Wrong number of parameter bindings for SQL query: ${wanted} wanted, ${given} given.`;
    expect(bindStatement(parsed("SELECT ?, ?"), [1])).toEqual({
      ok: false,
      code: "bad-request",
      message: message(2, 1),
    });
    expect(bindStatement(parsed("SELECT ?"), [1, 2])).toEqual({
      ok: false,
      code: "bad-request",
      message: message(1, 2),
    });
  });

  test(`values of ${limits.valueBytes} bytes are taken, of one more are refused`, () => {
    const texts = [
      "a".repeat(limits.valueBytes),
      "é".repeat(limits.valueBytes / 2),
      "\u{1f340}".repeat(limits.valueBytes / 4),
    ];
    for (const text of texts) {
      expect(failureOf(text)).toBeUndefined();
      expect(failureOf(`${text}a`)).toContain(`${limits.valueBytes} bytes`);
    }
    for (const kind of [Uint8Array, ArrayBuffer]) {
      expect(failureOf(new kind(limits.valueBytes))).toBeUndefined();
      expect(failureOf(new kind(limits.valueBytes + 1))).toContain(`${limits.valueBytes} bytes`);
    }
  });
});
