import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { hashRows, hashSchema, hashSlice } from "../../../shared/replication/content-hash.ts";
import { lsn } from "../../../shared/kernel/brand.ts";
import { present } from "../../../shared/kernel/assert.ts";
import { readTables } from "../../../shared/sql/catalog.ts";
import type { Value } from "../../../shared/sql/value.ts";
import { anyValue } from "../../support/changes.ts";
import { SqliteEngine } from "../../support/sqlite-engine.ts";

const rows = fc.array(fc.array(anyValue, { minLength: 1, maxLength: 3 }), { maxLength: 8 });

/** The hash of a table that `statements` make, all of it. */
function hashOf(...statements: string[]) {
  const engine = new SqliteEngine();
  for (const sql of statements) engine.run(sql);
  const table = present(readTables(engine)[0], "the table");
  const slice = {
    type: "check",
    table: table.name,
    since: lsn(0),
    after: [],
    rows: 100,
    last: true,
    hash: 0n,
  } as const;
  return hashSlice(engine, table, slice);
}

describe("a content hash", () => {
  test("does not depend on the order of the rows", () => {
    fc.assert(
      fc.property(rows, fc.infiniteStream(fc.nat()), (some, draws) => {
        const mixed = some.map((row) => [draws.next().value, row] as const).toSorted(([one], [other]) => one - other);
        expect(hashRows(mixed.map(([, row]) => row))).toEqual(hashRows(some));
      }),
      { numRuns: 100 },
    );
  });

  test("counts a row as often as it is there", () => {
    const row: Value[] = [1n, "a"];
    const hashes = [[], [row], [row, row], [row, row, row]].map((some) => String(hashRows(some).hash));
    expect(new Set(hashes).size).toBe(4);
    expect(hashRows([row, row]).rows).toBe(2);
  });

  test.each<[string, Value, Value]>([
    ["integer and real", 1n, 1],
    ["integer and text", 1n, "1"],
    ["text and blob", "a", new Uint8Array([97])],
    ["text and text that is not valid UTF-8", "\ufffd", { rawText: new Uint8Array([255]) }],
    ["NULL and an empty text", null, ""],
    ["zero and minus zero", 0, -0],
    ["the last bit of a double", 0.1 + 0.2, 0.3],
    ["integers past 2^53", 2n ** 53n, 2n ** 53n + 1n],
    ["a NUL at the end", "a", "a\0"],
    ["the case of a letter", "a", "A"],
  ])("tells %s apart", (_, one, other) => {
    expect(hashRows([[1n, one]]).hash).not.toBe(hashRows([[1n, other]]).hash);
  });

  test("is a signed integer of 64 bits, whatever the sum", () => {
    const { hash } = hashRows(Array.from({ length: 1000 }, (_, at) => [BigInt(at)]));
    expect(BigInt.asIntN(64, hash)).toBe(hash);
  });
});

describe("the hash of a table", () => {
  const fill = "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, NULL)";

  test("knows hidden rowids", () => {
    const moved = "UPDATE t SET rowid = 9 WHERE a = 3";
    expect(hashOf("CREATE TABLE t (a, b)", fill).hash).not.toBe(hashOf("CREATE TABLE t (a, b)", fill, moved).hash);
  });

  test("leaves generated columns out", () => {
    const plain = hashOf("CREATE TABLE t (a, b)", fill);
    expect(hashOf("CREATE TABLE t (a, b, c AS (a + 1), d AS (b) STORED)", fill)).toEqual(plain);
  });

  test("is that of the values as they are stored, whatever the collation of the key", () => {
    const make = (collation: string) =>
      hashOf(`CREATE TABLE t (a TEXT COLLATE ${collation}, b, PRIMARY KEY (a)) WITHOUT ROWID`, fill);
    expect(make("NOCASE")).toEqual(make("BINARY"));
    expect(make("NOCASE").rows).toBe(3);
  });

  test("is the same for rows that came in another order", () => {
    const schema = "CREATE TABLE t (a INTEGER PRIMARY KEY, b)";
    const other = "INSERT INTO t VALUES (3, NULL), (1, 'a'), (2, 'b')";
    expect(hashOf(schema, other)).toEqual(hashOf(schema, fill));
  });
});

describe("the hash of the schema", () => {
  const engineWith = (...statements: string[]) => {
    const engine = new SqliteEngine();
    for (const sql of statements) engine.run(sql);
    return engine;
  };
  const table = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)";
  const trigger = "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END";

  test("counts parked triggers as if they stood in it", () => {
    expect(hashSchema(engineWith(table), [trigger])).toEqual(hashSchema(engineWith(table, trigger), []));
    expect(hashSchema(engineWith(table), [])).not.toEqual(hashSchema(engineWith(table, trigger), []));
  });

  test("knows the AUTOINCREMENT counters, with their class", () => {
    const one = "INSERT INTO t VALUES (1)";
    const plain = hashSchema(engineWith(table, one), []);
    for (const sql of ["SET seq = 2", "SET seq = '1'", "SET name = 'u'"])
      expect(hashSchema(engineWith(table, one, `UPDATE sqlite_sequence ${sql}`), [])).not.toEqual(plain);
    expect(hashSchema(engineWith(table, one, "DELETE FROM t"), [])).toEqual(plain);
  });

  test("leaves out what is the system's own", () => {
    expect(hashSchema(engineWith("CREATE TABLE _trefoil_x (a)"), [])).toEqual({ rows: 0, hash: 0n });
  });
});
