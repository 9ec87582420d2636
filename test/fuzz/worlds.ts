import fc from "fast-check";

import type { FuzzEvent, FuzzStatement, History, PlainArgument } from "./history.ts";

const value: fc.Arbitrary<PlainArgument> = fc.oneof(
  fc.constant(null),
  fc.integer({ min: -4, max: 4 }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((big) => ({ big: String(big) })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((real) => (Object.is(real, -0) ? { real: "-0" } : real)),
  fc.constantFrom("a", "A", "b", "5", "05", "x\0y", "\u{1f340}", "\ufffd"),
  fc.array(fc.nat(255), { maxLength: 4 }).map((blob) => ({ blob })),
);
const small = fc.integer({ min: 1, max: 6 });
const word = fc.constantFrom("a", "A", "b", "B", "c");
/** Values that are equal or nearly so in one column and different in another. */
const likeFive = fc.constantFrom<PlainArgument[]>(
  5,
  5.5,
  "5",
  "05",
  "5.0",
  { blob: [53] },
  { real: "-0" },
  { big: "0" },
);

const step = (sql: string, ...values: fc.Arbitrary<PlainArgument>[]): fc.Arbitrary<FuzzStatement> =>
  fc.tuple(...values).map((drawn) => ({ sql, values: drawn }));

/** One kind of schema, and what may happen to it. Steps may fail: then their batch must have done nothing. */
interface World {
  readonly schema: readonly string[];
  readonly steps: readonly fc.Arbitrary<FuzzStatement>[];
}

/** Schemas made by hand for what is known to be hard, by what they are about. */
export const worlds: Readonly<Record<string, World>> = {
  "values of every class, in columns of every type": {
    schema: [
      "CREATE TABLE plain (a, b TEXT, c INTEGER, d REAL, e BLOB, f NUMERIC)",
      "CREATE TABLE strict (id TEXT PRIMARY KEY, n ANY, r REAL) STRICT",
      "CREATE TABLE untyped (k, l, v, PRIMARY KEY (l, k)) WITHOUT ROWID",
      "CREATE TABLE numeric (k NUMERIC PRIMARY KEY, v) WITHOUT ROWID",
    ],
    steps: [
      step("INSERT INTO plain VALUES (?, ?, ?, ?, ?, ?)", value, value, value, value, value, value),
      step("UPDATE plain SET b = ?, a = ?, d = ? WHERE rowid % 3 = ?", value, value, value, small),
      step("DELETE FROM plain WHERE rowid % 4 = ?", small),
      step("INSERT INTO plain(a, e) VALUES (9e999, CAST(x'ff00' AS TEXT)), (-9e999, zeroblob(3)), (0.1 + 0.2, -0.0)"),
      step("UPDATE plain SET rowid = rowid + ? WHERE rowid % 2 = 0", small),
      step("INSERT OR REPLACE INTO strict VALUES (?, ?, ?)", word, value, small),
      step("INSERT OR REPLACE INTO untyped VALUES (?, ?, ?)", likeFive, likeFive, value),
      step("DELETE FROM untyped WHERE k = ?", likeFive),
      step("DELETE FROM untyped WHERE l = ? AND typeof(k) = typeof(?)", likeFive, likeFive),
      step("UPDATE untyped SET k = ? WHERE l = ?", likeFive, likeFive),
      step("INSERT OR IGNORE INTO untyped(k, l) VALUES (CAST(x'ff' AS TEXT), 9e999), (x'ff', 9007199254740993)"),
      step("INSERT OR REPLACE INTO numeric VALUES (?, ?)", likeFive, value),
      step("UPDATE OR REPLACE numeric SET k = ? WHERE k = ?", likeFive, likeFive),
      step("DELETE FROM numeric WHERE k > ?", likeFive),
    ],
  },
  "keys, conflicts and upserts": {
    schema: [
      "CREATE TABLE keyed (id INTEGER PRIMARY KEY, u TEXT UNIQUE, v INT, w GENERATED ALWAYS AS (v * 2))",
      "CREATE UNIQUE INDEX keyed_w ON keyed (w) WHERE v > 3",
      "CREATE UNIQUE INDEX keyed_lower ON keyed (lower(u), v)",
      "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, note TEXT DEFAULT CURRENT_TIMESTAMP)",
      "CREATE TABLE pairs (a TEXT COLLATE NOCASE, b INT, c UNIQUE ON CONFLICT REPLACE, PRIMARY KEY (a, b)) WITHOUT ROWID",
      "CREATE TABLE mixed (a TEXT COLLATE NOCASE, b TEXT, v, PRIMARY KEY (a COLLATE BINARY, b COLLATE NOCASE)) WITHOUT ROWID",
      "CREATE TABLE lenient (a UNIQUE ON CONFLICT IGNORE, b UNIQUE ON CONFLICT FAIL)",
      `CREATE TABLE "a""b" ("it's" TEXT, "select" INT UNIQUE, rowid TEXT, PRIMARY KEY ("it's", rowid))`,
    ],
    steps: [
      step("INSERT OR REPLACE INTO keyed(id, u, v) VALUES (?, ?, ?)", small, word, small),
      step("INSERT OR IGNORE INTO keyed(id, u, v) VALUES (?, ?, ?)", small, word, small),
      step("INSERT OR FAIL INTO keyed(u, v) VALUES (?, ?), (?, ?)", word, small, word, small),
      step(
        "INSERT INTO keyed(id, u, v) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET v = v + ?3",
        small,
        word,
        small,
      ),
      step(
        "INSERT INTO keyed(u, v) VALUES (?, ?) ON CONFLICT (u) DO UPDATE SET id = id + 10 ON CONFLICT DO NOTHING RETURNING *",
        word,
        small,
      ),
      step("UPDATE OR REPLACE keyed SET id = ?, u = ? WHERE id = ?", small, word, small),
      step("UPDATE OR IGNORE keyed SET id = id + 1, v = ?", small),
      step("UPDATE keyed SET u = CASE id WHEN ?1 THEN 'tmp' ELSE u END WHERE id IN (?1, ?2)", small, small),
      step("UPDATE keyed SET v = s.v FROM keyed AS s WHERE s.id = keyed.id + 1 AND keyed.id = ?", small),
      step("DELETE FROM keyed WHERE id = ? RETURNING u, v", small),
      step("REPLACE INTO keyed SELECT NULL, u || ?, v FROM keyed WHERE id < ?", word, small),
      step("INSERT INTO counted(note) VALUES (hex(randomblob(4)))"),
      step("INSERT OR REPLACE INTO counted(id, note) VALUES (?, ?)", small, word),
      step("UPDATE OR IGNORE counted SET id = id + ? WHERE id % 2", small),
      step("DELETE FROM counted WHERE id % 3 = ?", small),
      step("UPDATE sqlite_sequence SET seq = ? WHERE name = 'counted'", small),
      step("DELETE FROM sqlite_sequence"),
      step("INSERT OR REPLACE INTO pairs VALUES (?, ?, ?)", word, small, value),
      step(
        "INSERT INTO pairs VALUES (?, ?, ?) ON CONFLICT (a, b) DO UPDATE SET a = excluded.a, c = excluded.c",
        word,
        small,
        small,
      ),
      step("UPDATE pairs SET a = lower(a), c = ? WHERE b = ?", value, small),
      step("UPDATE OR REPLACE pairs SET a = ?, b = ? WHERE b = ?", word, small, small),
      step("DELETE FROM pairs WHERE a = ?", word),
      step("INSERT OR REPLACE INTO mixed VALUES (?, ?, ?)", word, word, small),
      step("UPDATE OR IGNORE mixed SET a = upper(a), b = lower(b) WHERE v > ?", small),
      step("DELETE FROM mixed WHERE v = ?", small),
      step("INSERT INTO lenient VALUES (?, ?), (?, ?)", small, word, small, word),
      step("UPDATE lenient SET a = ? WHERE b = ?", small, word),
      step(`INSERT OR REPLACE INTO "a""b" VALUES (?, ?, ?)`, word, small, likeFive),
      step(`UPDATE OR IGNORE "a""b" SET "it's" = ?, rowid = ? WHERE "select" = ?`, word, likeFive, small),
      step(`UPDATE OR REPLACE "a""b" SET oid = ? WHERE _rowid_ = ?`, small, small),
      step(`DELETE FROM "a""b" WHERE "it's" = ?`, word),
    ],
  },
  "triggers, views and foreign keys": {
    schema: [
      "CREATE TABLE parent (id INTEGER PRIMARY KEY, u TEXT UNIQUE, n INT DEFAULT 0)",
      "CREATE TABLE cascaded (id INTEGER PRIMARY KEY, p INT REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE)",
      "CREATE TABLE nulled (a INT, u TEXT REFERENCES parent (u) ON DELETE SET NULL ON UPDATE CASCADE, PRIMARY KEY (a)) WITHOUT ROWID",
      "CREATE TABLE fallen (c INT PRIMARY KEY, d INT DEFAULT 1 REFERENCES parent ON DELETE SET DEFAULT ON UPDATE SET NULL)",
      "CREATE TABLE tree (id INTEGER PRIMARY KEY, up INT REFERENCES tree ON DELETE CASCADE)",
      "CREATE TABLE audit (what TEXT, at)",
      "CREATE TABLE latest (id INTEGER PRIMARY KEY, k UNIQUE, v)",
      "CREATE VIEW joined (p, u, c) AS SELECT parent.id, parent.u, cascaded.id FROM parent LEFT JOIN cascaded ON p = parent.id",
      "CREATE TRIGGER parent_update AFTER UPDATE ON parent BEGIN INSERT INTO audit VALUES (OLD.u || '>' || NEW.u, random()); END",
      "CREATE TRIGGER parent_touch AFTER UPDATE OF u ON parent BEGIN UPDATE parent SET n = n + 1 WHERE id = NEW.id; END",
      "CREATE TRIGGER cascaded_insert AFTER INSERT ON cascaded BEGIN UPDATE parent SET u = u || '+' WHERE id = NEW.p; INSERT OR REPLACE INTO latest(k, v) VALUES (NEW.p, NEW.id); END",
      "CREATE TRIGGER cascaded_delete BEFORE DELETE ON cascaded BEGIN DELETE FROM latest WHERE k = OLD.p; INSERT INTO audit VALUES ('gone', OLD.id); END",
      "CREATE TRIGGER audit_insert AFTER INSERT ON audit WHEN (SELECT count(*) FROM audit) > 9 BEGIN DELETE FROM audit WHERE rowid < NEW.rowid - 5; END",
      "CREATE TRIGGER tree_guard BEFORE INSERT ON tree WHEN NEW.up = NEW.id BEGIN SELECT RAISE(IGNORE); END",
      "CREATE TRIGGER joined_insert INSTEAD OF INSERT ON joined BEGIN INSERT OR IGNORE INTO parent(id, u) VALUES (NEW.p, NEW.u); INSERT INTO cascaded VALUES (NEW.c, NEW.p); END",
      "CREATE TRIGGER joined_update INSTEAD OF UPDATE OF u ON joined BEGIN UPDATE parent SET u = NEW.u WHERE id = OLD.p; END",
      "CREATE TRIGGER joined_delete INSTEAD OF DELETE ON joined BEGIN DELETE FROM cascaded WHERE id = OLD.c; END",
      "INSERT INTO parent(id, u) VALUES (1, 'a'), (2, 'A'), (3, 'b'), (4, 'B'), (5, 'c')",
    ],
    steps: [
      step("INSERT INTO parent(u) VALUES (? || hex(randomblob(1)))", word),
      step("INSERT OR REPLACE INTO parent(id, u) VALUES (?, ?)", small, word),
      step("UPDATE parent SET id = id + ? WHERE u = ?", small, word),
      step("UPDATE parent SET u = replace(u, ?, ?)", word, word),
      step("DELETE FROM parent WHERE id = ?", small),
      step("INSERT INTO cascaded(p) VALUES (?)", small),
      step("INSERT OR REPLACE INTO cascaded VALUES (?, ?)", small, small),
      step("DELETE FROM cascaded WHERE p = ?", small),
      step("INSERT OR IGNORE INTO nulled VALUES (?, ?)", small, word),
      step("INSERT INTO fallen VALUES (?, ?) ON CONFLICT (c) DO UPDATE SET d = excluded.d", small, small),
      step("INSERT OR IGNORE INTO tree SELECT ?, max(id) FROM tree", small),
      step("UPDATE OR REPLACE tree SET id = ? WHERE id = ?", small, small),
      step("DELETE FROM tree WHERE id = ?", small),
      step("INSERT INTO joined VALUES (?, 'u' || ?, abs(random()))", small, small),
      step("UPDATE joined SET u = ? WHERE c > ?", word, small),
      step("DELETE FROM joined WHERE p = ?", small),
      step("INSERT OR REPLACE INTO latest VALUES (?, ?, 'x')", small, small),
      step("DELETE FROM latest WHERE id = (SELECT max(id) FROM latest)"),
      step("DELETE FROM audit"),
      step("DROP TRIGGER IF EXISTS parent_touch"),
      step(
        "CREATE TRIGGER parent_touch AFTER UPDATE OF u ON parent BEGIN UPDATE parent SET n = n + 5 WHERE id = NEW.id; END",
      ),
      step("DROP TRIGGER cascaded_insert"),
      step("ALTER TABLE audit RENAME TO journal"),
      step("ALTER TABLE journal RENAME TO audit"),
      step("ALTER TABLE parent RENAME COLUMN n TO m"),
      step("DROP TABLE IF EXISTS fallen"),
      step("DROP TABLE IF EXISTS tree"),
    ],
  },
  "a schema that changes": {
    schema: [
      "CREATE TABLE plain (a, b TEXT)",
      "CREATE TABLE keyed (k TEXT, l INT, v, PRIMARY KEY (k, l)) WITHOUT ROWID",
      "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, a)",
    ],
    steps: [
      step("INSERT INTO plain(a, b) VALUES (?, ?)", value, value),
      step("UPDATE plain SET a = ? WHERE oid % 2 = 0", value),
      step("INSERT OR REPLACE INTO keyed VALUES (?, ?, ?)", word, small, value),
      step("INSERT INTO counted(a) VALUES (?)", value),
      step("DELETE FROM counted"),
      step("ALTER TABLE plain ADD COLUMN g DEFAULT 7"),
      step("ALTER TABLE plain ADD COLUMN g AS (a || b)"),
      step("ALTER TABLE plain ADD COLUMN g TEXT NOT NULL DEFAULT 'x' CHECK (g <> 'y')"),
      step("ALTER TABLE plain RENAME COLUMN g TO rowid"),
      step("ALTER TABLE plain RENAME COLUMN g TO h"),
      step("ALTER TABLE plain DROP COLUMN rowid"),
      step("ALTER TABLE plain DROP COLUMN h"),
      step("UPDATE plain SET rowid = ?", small),
      step("CREATE TABLE copy AS SELECT rowid AS r, a, random() AS x FROM plain"),
      step("CREATE TABLE IF NOT EXISTS copy (r, a, x)"),
      step("ALTER TABLE copy RENAME TO moved"),
      step("UPDATE moved SET x = random() WHERE r % 2"),
      step("INSERT INTO moved SELECT * FROM copy"),
      step("CREATE VIEW seen AS SELECT a FROM plain"),
      step("DROP VIEW seen"),
      step("CREATE UNIQUE INDEX IF NOT EXISTS plain_a ON plain (a) WHERE typeof(a) = 'integer'"),
      step("DROP INDEX plain_a"),
      step("ALTER TABLE keyed RENAME COLUMN k TO v2"),
      step("ALTER TABLE keyed RENAME COLUMN v2 TO k"),
      step('ALTER TABLE keyed RENAME TO "key\'s"'),
      step('ALTER TABLE "key\'s" RENAME TO keyed'),
      step('UPDATE "key\'s" SET l = l + 1'),
      step("CREATE TABLE wide (a, b, c, d, PRIMARY KEY (d, c, b, a)) WITHOUT ROWID"),
      step("INSERT INTO wide VALUES (1, ?, 'x', ?)", small, small),
      step("DROP TABLE wide"),
      step("DROP TABLE moved"),
      step("ALTER TABLE counted RENAME TO numbered"),
      step("CREATE TABLE IF NOT EXISTS counted (id INTEGER PRIMARY KEY AUTOINCREMENT, a)"),
      step("UPDATE numbered SET id = id + ?", small),
      step("DROP TABLE numbered"),
    ],
  },
};

/** Histories of a world: its schema, statements that hit where it is hard, restarts in between. */
export function historiesOf({ schema, steps }: World): fc.Arbitrary<History> {
  const batchOf = (statements: FuzzStatement[]): FuzzEvent => ({ type: "batch", statements });
  const event: fc.Arbitrary<FuzzEvent> = fc.oneof(
    { weight: 16, arbitrary: fc.oneof(...steps).map((statement) => batchOf([statement])) },
    { weight: 8, arbitrary: fc.array(fc.oneof(...steps), { minLength: 2, maxLength: 4 }).map(batchOf) },
    { weight: 1, arbitrary: fc.nat(2).map((node): FuzzEvent => ({ type: "restart", node })) },
    { weight: 1, arbitrary: fc.constantFrom<FuzzEvent[]>({ type: "rebuild", node: 1 }, { type: "rebuild", node: 2 }) },
    { weight: 3, arbitrary: fc.constant<FuzzEvent>({ type: "check" }) },
  );
  const made = schema.map((sql) => batchOf([{ sql, values: [] }]));
  return fc
    .array(event, { minLength: 30, maxLength: 60, size: "max" })
    .map((events): History => [...made, ...events, { type: "check" }]);
}
