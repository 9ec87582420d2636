import fc from "fast-check";
import { expect, test } from "vitest";

import type { Argument } from "../../../shared/sql/parameters.ts";
import { dump } from "../../support/dump.ts";
import { Pair } from "../../support/pair.ts";

const schema = [
  "CREATE TABLE plain (a, b TEXT, c INTEGER, d REAL, e BLOB, f NUMERIC)",
  "CREATE TABLE keyed (id INTEGER PRIMARY KEY, u TEXT UNIQUE, v INT, w GENERATED ALWAYS AS (v * 2))",
  "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, note TEXT DEFAULT CURRENT_TIMESTAMP)",
  "CREATE TABLE pairs (a TEXT COLLATE NOCASE, b INT, c, PRIMARY KEY (a, b)) WITHOUT ROWID",
  "CREATE TABLE strict (id TEXT PRIMARY KEY, n ANY) STRICT",
  "CREATE TABLE child (id INTEGER PRIMARY KEY, parent INT REFERENCES keyed(id) ON DELETE CASCADE ON UPDATE SET NULL)",
  "CREATE INDEX keyed_v ON keyed(v) WHERE v > 3",
  "CREATE TABLE audit (what TEXT, at)",
  "CREATE TRIGGER keyed_audit AFTER UPDATE ON keyed BEGIN INSERT INTO audit VALUES (OLD.u || '>' || NEW.u, random()); END",
];

const value: fc.Arbitrary<Argument> = fc.oneof(
  fc.constant(null),
  fc.integer({ min: -4, max: 4 }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom("a", "A", "b", "5", "05", "x\0y", "\u{1f340}", "\ufffd"),
  fc.uint8Array({ maxLength: 4 }),
);
const small = fc.integer({ min: 1, max: 6 });
const word = fc.constantFrom("a", "A", "b", "B", "c");

type Step = [string, ...Argument[]];
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constant("INSERT INTO plain VALUES (?, ?, ?, ?, ?, ?)"), value, value, value, value, value, value),
  fc.tuple(fc.constant("UPDATE plain SET b = ?, a = ? WHERE rowid % 3 = ?"), value, value, small),
  fc.tuple(fc.constant("DELETE FROM plain WHERE rowid % 4 = ?"), small),
  fc.tuple(fc.constant("INSERT INTO plain(a, e) VALUES (9e999, CAST(x'ff00' AS TEXT)), (-9e999, zeroblob(3))")),
  fc.tuple(fc.constant("INSERT OR REPLACE INTO keyed(id, u, v) VALUES (?, ?, ?)"), small, word, small),
  fc.tuple(fc.constant("INSERT OR IGNORE INTO keyed(id, u, v) VALUES (?, ?, ?)"), small, word, small),
  fc.tuple(fc.constant("INSERT INTO keyed(id, u, v) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET v = v + ?3"), small, word, small),
  fc.tuple(fc.constant("UPDATE OR REPLACE keyed SET id = ?, u = ? WHERE id = ?"), small, word, small),
  fc.tuple(fc.constant("UPDATE keyed SET u = CASE id WHEN ?1 THEN 'tmp' ELSE u END WHERE id IN (?1, ?2)"), small, small),
  fc.tuple(fc.constant("DELETE FROM keyed WHERE id = ?"), small),
  fc.tuple(fc.constant("INSERT INTO child(parent) VALUES (?)"), small),
  fc.tuple(fc.constant("INSERT INTO counted(note) VALUES (hex(randomblob(4)))")),
  fc.tuple(fc.constant("DELETE FROM counted WHERE id % 3 = ?"), small),
  fc.tuple(fc.constant("INSERT OR REPLACE INTO pairs VALUES (?, ?, ?)"), word, small, value),
  fc.tuple(fc.constant("UPDATE pairs SET a = lower(a), c = ? WHERE b = ?"), value, small),
  fc.tuple(fc.constant("DELETE FROM pairs WHERE a = ?"), word),
  fc.tuple(fc.constant("INSERT OR REPLACE INTO strict VALUES (?, ?)"), word, value),
  fc.tuple(fc.constant("ALTER TABLE plain ADD COLUMN g DEFAULT 7")),
  fc.tuple(fc.constant("ALTER TABLE plain RENAME COLUMN g TO h")),
  fc.tuple(fc.constant("ALTER TABLE plain DROP COLUMN h")),
  fc.tuple(fc.constant("CREATE TABLE copy AS SELECT rowid AS r, a, random() AS x FROM plain")),
  fc.tuple(fc.constant("ALTER TABLE copy RENAME TO moved")),
  fc.tuple(fc.constant("UPDATE moved SET x = random() WHERE r % 2")),
  fc.tuple(fc.constant("DROP TABLE moved")),
);

test("whatever is written on the primary, a replica that has replayed the log holds the same data to the bit", async () => {
  const history = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(history, async (batches) => {
      const pair = new Pair();
      for (const sql of schema) expect(pair.execute(sql)).toMatchObject({ ok: true });
      for (const batch of batches) {
        pair.batch(...batch);
        expect(pair.ship()).toMatchObject({ ok: true });
        const [replica, primary] = await Promise.all([pair.replicaEngine, pair.primaryEngine].map((engine) => dump((sql) => engine.run(sql).rows)));
        expect(replica).toEqual(primary);
      }
    }),
    { numRuns: 150 },
  );
});
