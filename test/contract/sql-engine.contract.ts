import { BinLog } from "../../shared/binlog/log.ts";
import { sealRecord } from "../../shared/binlog/record.ts";
import { assert } from "../../shared/kernel/assert.ts";
import { epoch, lsn } from "../../shared/kernel/brand.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { SqlError, type Bindable, type Cell, type SqlEngine } from "../../shared/sql/engine.ts";
import { joinSavepoints } from "../../shared/sql/search-table.ts";

/** A promise of `SqlEngine` that every implementation keeps. It throws when the promise is broken. */
export interface EngineCase {
  readonly promise: string;
  readonly check: (engine: SqlEngine) => void;
}

const equal = (found: unknown, wanted: unknown): void =>
  assert(show(found) === show(wanted), `found ${show(found)}, wanted ${show(wanted)}`);

const show = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    inner instanceof ArrayBuffer ? { bytes: [...new Uint8Array(inner)] } : Object.is(inner, -0) ? "-0" : inner,
  );

const cell = (engine: SqlEngine, sql: string, ...binds: Bindable[]): Cell =>
  engine.run(sql, ...binds).rows[0]?.[0] ?? null;

function refused(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    return assert(error instanceof SqlError, `refused with ${String(error)}, which is no SqlError`);
  }
  assert(false, "not refused");
}

/**
 * Runs in two places: over `node:sqlite`, so that unit tests may stand for what happens in production, and inside a Durable
 * Object. Every case gets an empty database.
 */
export const engineContract: readonly EngineCase[] = [
  {
    promise: "rows come as arrays beside the column names, columns of the same name kept apart",
    check(engine) {
      const { columns, rows } = engine.run("SELECT 1 AS a, 'x' AS a, NULL AS b");
      equal(columns, ["a", "a", "b"]);
      equal(rows, [[1, "x", null]]);
    },
  },
  {
    promise: "every number binds as REAL, and text, NULL and bytes bind as what they are",
    check(engine) {
      const types = (value: Bindable) => cell(engine, "SELECT typeof(?)", value);
      equal([5, 5.5, -0, "5", null, new Uint8Array([1]).buffer].map(types), [
        "real",
        "real",
        "real",
        "text",
        "null",
        "blob",
      ]);
    },
  },
  {
    promise: "values come back as they were stored, but for integers past 2^53",
    check(engine) {
      equal(engine.run("SELECT 9007199254740991, 0.1, 'a' || char(0) || 'b', x'00ff', -0.0, 9e999 > 1e308").rows, [
        [9007199254740991, 0.1, "a\0b", new Uint8Array([0, 255]).buffer, -0, 1],
      ]);
      equal(typeof cell(engine, "SELECT 9223372036854775807"), "number");
    },
  },
  {
    promise: "a statement that SQLite refuses is an SqlError and changes nothing",
    check(engine) {
      engine.run("CREATE TABLE t (a UNIQUE)");
      engine.run("INSERT INTO t VALUES (1)");
      refused(() => engine.run("INSERT INTO t VALUES (2), (1)"));
      refused(() => engine.run("SELECT nope FROM t"));
      refused(() => engine.run("SELECT * FROM missing"));
      equal(engine.run("SELECT a FROM t").rows, [[1]]);
    },
  },
  {
    promise: "as many values must be bound as there are parameters, for EXPLAIN as well",
    check(engine) {
      for (const sql of ["SELECT ?1, ?3", "EXPLAIN SELECT ?1, ?3"]) {
        engine.run(sql, 1, null, "3");
        refused(() => engine.run(sql));
        refused(() => engine.run(sql, 1, null));
        refused(() => engine.run(sql, 1, null, "3", 4));
      }
    },
  },
  {
    promise: "RETURNING is read to its end, and changes() counts the rows of the statement without those of triggers",
    check(engine) {
      engine.run("CREATE TABLE t (a)");
      engine.run("CREATE TABLE noted (a)");
      engine.run("CREATE TRIGGER t_noted AFTER INSERT ON t BEGIN INSERT INTO noted VALUES (1), (2); END");
      equal(engine.run("INSERT INTO t VALUES (1), (2), (3) RETURNING a").rows, [[1], [2], [3]]);
      equal(cell(engine, "SELECT changes()"), 3);
      equal(cell(engine, "SELECT count(*) FROM noted"), 6);
    },
  },
  {
    promise: "a transaction is undone by what its work throws, an inner one alone",
    check(engine) {
      engine.run("CREATE TABLE t (a)");
      const add = (a: number) => engine.run("INSERT INTO t VALUES (?)", a);
      const fails = (work: () => void) => {
        try {
          engine.transaction(() => {
            work();
            throw new Error("undo");
          });
        } catch (error) {
          equal(String(error), "Error: undo");
        }
      };
      fails(() => add(1));
      engine.transaction(() => {
        add(2);
        fails(() => add(3));
        refused(() => engine.run("INSERT INTO nowhere VALUES (4)"));
      });
      fails(() => engine.run("CREATE TABLE u (a)"));
      equal(engine.run("SELECT a FROM t").rows, [[2]]);
      refused(() => engine.run("SELECT * FROM u"));
    },
  },
  {
    promise: "a full-text table that was made, written to and given commands is undone with its transaction",
    check(engine) {
      engine.run("CREATE TABLE t (id INTEGER PRIMARY KEY, a)");
      engine.run("INSERT INTO t VALUES (7, 'word')");
      const make = (stays: boolean) => {
        engine.run("CREATE VIRTUAL TABLE f USING fts5(a, content='t', content_rowid='id')");
        joinSavepoints(engine);
        engine.run("INSERT INTO f(f) VALUES ('rebuild')");
        engine.run("INSERT INTO f(f) VALUES ('optimize')");
        if (!stays) engine.run("INSERT INTO nowhere VALUES (1)");
      };
      refused(() => engine.transaction(() => make(false)));
      engine.transaction(() => make(true));
      equal(engine.run("SELECT rowid FROM f WHERE f MATCH 'word'").rows, [[7]]);
    },
  },
  {
    promise: "EXPLAIN tells a write by the opcode Transaction with p2 other than 0",
    check(engine) {
      engine.run("CREATE TABLE t (a)");
      const writes = (sql: string) => {
        const { columns, rows } = engine.run(`EXPLAIN ${sql}`);
        return rows.some((row) => row[columns.indexOf("opcode")] === "Transaction" && row[columns.indexOf("p2")] !== 0);
      };
      equal(
        ["SELECT * FROM t", "WITH w AS (SELECT 1) INSERT INTO t SELECT * FROM w", "DELETE FROM t RETURNING a"].map(
          writes,
        ),
        [false, true, true],
      );
    },
  },
  {
    promise:
      "a trigger sees before a row is written which rows its unique keys hit: REPLACE deletes them without a trigger",
    check(engine) {
      engine.run("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE UNIQUE)");
      engine.run("CREATE TABLE hit (id)");
      engine.run("CREATE TABLE gone (id)");
      engine.run("CREATE TRIGGER t_gone AFTER DELETE ON t BEGIN INSERT INTO gone VALUES (OLD.id); END");
      engine.run(
        "CREATE TRIGGER t_hit BEFORE INSERT ON t BEGIN INSERT INTO hit SELECT id FROM t WHERE a = (SELECT a FROM (SELECT NEW.a AS a)); END",
      );
      engine.run("INSERT INTO t VALUES (7, 'x')");
      engine.run("REPLACE INTO t (a) VALUES ('X')");
      equal(engine.run("SELECT id FROM hit").rows, [[7]]);
      equal(engine.run("SELECT id FROM gone").rows, []);
      equal(engine.run("SELECT id FROM t").rows, [[8]]);
    },
  },
  {
    promise: "before a row without a rowid is written, its rowid reads -1",
    check(engine) {
      engine.run("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a)");
      engine.run("CREATE TABLE seen (id)");
      engine.run("CREATE TRIGGER t_seen BEFORE INSERT ON t BEGIN INSERT INTO seen VALUES (NEW.id); END");
      engine.run("INSERT INTO t (a) VALUES (1)");
      engine.run("INSERT INTO t VALUES (NULL, 1), (5, 1)");
      equal(engine.run("SELECT id FROM seen").rows, [[-1], [-1], [5]]);
    },
  },
  {
    promise: "a common table expression takes the place of the schema table",
    check(engine) {
      engine.run("CREATE TABLE t (a)");
      const rows = (sql: string) => engine.run(`WITH sqlite_master AS (SELECT 'mine' AS name) ${sql}`).rows;
      equal(rows("SELECT name FROM sqlite_master"), [["mine"]]);
      equal(rows("SELECT name FROM main.sqlite_master WHERE name = 't'"), [["t"]]);
      equal(rows("SELECT (SELECT m.name FROM SQLITE_MASTER AS m)"), [["mine"]]);
    },
  },
  {
    promise: "a record larger than a row is kept in parts, read back whole, and found by a log that is opened again",
    check(engine) {
      const log = new BinLog(engine);
      const large = { type: "schema", sql: "x".repeat(limits.logRowBytes * 2) } as const;
      const small = { type: "schema", sql: "SELECT 1" } as const;
      for (const change of [small, large, small]) {
        const { lsn: last, checksum } = log.position;
        log.append(
          sealRecord({ epoch: epoch(1), lsn: lsn(last + 1), schemaVersion: 0, committedAtMs: 0, previous: checksum }, [
            change,
          ]),
        );
      }
      const reopened = new BinLog(engine);
      equal(reopened.position, log.position);
      const records = reopened.read(lsn(1), { bytes: Infinity, records: Infinity });
      equal(
        records.map(({ header }) => header.lsn),
        [1, 2, 3],
      );
      assert((records[1]?.bytes.length ?? 0) > limits.logRowBytes * 2, "the large record came back short");
    },
  },
];
