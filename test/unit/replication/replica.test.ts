import { describe, expect, test } from "vitest";

import { sealRecord, type Change } from "../../../shared/binlog/record.ts";
import { present } from "../../../shared/kernel/assert.ts";
import { epoch, lsn } from "../../../shared/kernel/brand.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import { Replica } from "../../../shared/replication/replica.ts";
import type { Argument } from "../../../shared/sql/parameters.ts";
import { expectReplicated } from "../../support/expect-replicated.ts";
import { firstEpoch, Pair } from "../../support/pair.ts";
import { SqliteEngine } from "../../support/sqlite-engine.ts";

const schema = [
  "CREATE TABLE t (id INTEGER PRIMARY KEY, a)",
  "CREATE TABLE c (id INTEGER PRIMARY KEY, t REFERENCES t ON DELETE CASCADE)",
  "CREATE TABLE log (what)",
  "CREATE TRIGGER t_insert AFTER INSERT ON t BEGIN INSERT INTO log VALUES (random()); END",
];

const query = (pair: Pair, ...statements: [string, ...Argument[]][]) =>
  pair.replica.query(statements.map(([sql, ...parameters]) => ({ sql, parameters })));

/** Makes a record that follows on the replica's log, whatever it says. */
function forged(pair: Pair, ...changes: Change[]): Uint8Array {
  const { lsn: last, checksum, schemaVersion } = pair.replica.log.position;
  const schemaChanges = changes.filter(({ type }) => type === "schema").length;
  return sealRecord(
    {
      epoch: firstEpoch,
      lsn: lsn(last + 1),
      schemaVersion: schemaVersion + schemaChanges,
      committedAtMs: 0,
      previous: checksum,
    },
    changes,
  ).bytes;
}

const append = (pair: Pair, ...records: Uint8Array[]) =>
  pair.replica.append({ epoch: firstEpoch, previous: pair.replica.log.position, records });

describe("a replica follows its primary", () => {
  test("from nothing, in calls as small as can be", async () => {
    const pair = new Pair(...schema, "INSERT INTO t VALUES (1, 'x')", "INSERT INTO c VALUES (1, 1)", "DELETE FROM t");
    while (pair.replica.log.position.lsn < pair.primary.log.position.lsn) {
      const previous = pair.replica.log.position;
      const [record] = pair.primary.log.read(lsn(previous.lsn + 1), { bytes: 0, records: 1 });
      expect(
        pair.replica.append({ epoch: firstEpoch, previous, records: [present(record, "the record").bytes] }),
      ).toMatchObject({ ok: true });
    }
    expect(pair.replica.log.position).toEqual(pair.primary.log.position);
    await expectReplicated(pair);
  });

  test("and answers where it stands, also when all that came was there already", () => {
    const pair = new Pair(...schema);
    pair.ship();
    const records = pair.primary.log.read(lsn(1), { bytes: Infinity, records: Infinity }).map(({ bytes }) => bytes);
    const reply = pair.replica.append({
      epoch: firstEpoch,
      previous: { lsn: lsn(0), checksum: "0".repeat(16) },
      records,
    });
    expect(reply).toEqual({ ok: true, position: pair.primary.log.position });
  });

  test("across restarts of either", async () => {
    const pair = new Pair(...schema);
    pair.ship();
    pair.restart();
    pair.rows("INSERT INTO t VALUES (1, 'x')");
    await expectReplicated(pair);
    pair.restart();
    pair.rows("ALTER TABLE t ADD COLUMN b");
    pair.rows("UPDATE t SET b = 1");
    await expectReplicated(pair);
  });

  test("a gap is refused, with the place to send from", () => {
    const pair = new Pair(...schema);
    const position = pair.primary.log.position;
    expect(pair.replica.append({ epoch: firstEpoch, previous: position, records: [] })).toMatchObject({
      ok: false,
      code: "gap",
      position: { lsn: 0 },
    });
  });

  test("a record that is damaged is refused with all that came with it", () => {
    const pair = new Pair(...schema);
    const records = pair.primary.log
      .read(lsn(1), { bytes: Infinity, records: Infinity })
      .map(({ bytes }) => bytes.slice());
    const last = present(records.at(-1), "the last record");
    last[30] = (last[30] ?? 0) ^ 4;
    expect(append(pair, ...records)).toMatchObject({ ok: false, code: "stuck", position: { lsn: 0 } });
    expect(pair.replicaEngine.run("SELECT count(*) FROM sqlite_master WHERE name = 't'").rows).toEqual([[0]]);
  });
});

describe("effects of the primary's triggers and foreign keys stand in its records, so they do not act here", () => {
  test("a trigger's row is the primary's own", async () => {
    const pair = new Pair(...schema, "INSERT INTO t VALUES (1, 'x')");
    await expectReplicated(pair);
    expect(pair.replicaEngine.run("SELECT count(*) FROM log").rows).toEqual([[1]]);
    expect(pair.replicaEngine.run("SELECT name FROM sqlite_master WHERE type = 'trigger'").rows).toEqual([]);
  });

  test("a replica on which foreign keys act does not start", () => {
    expect(() => new Replica(new SqliteEngine())).toThrow("foreign keys act on a replica");
  });
});

describe("what cannot be replayed is refused", () => {
  const rows = (table: string, ...images: bigint[][]): Change => ({ type: "rows", table, deleted: [], images });
  test.each<[string, Change]>([
    ["a table that is not there", rows("nowhere", [1n])],
    ["an image of other columns", rows("t", [1n])],
    ["a statement that fails", { type: "schema", sql: "CREATE TABLE t (a)" }],
    ["a row that a constraint forbids", rows("strict", [1n, 1n])],
  ])("%s: nothing of the append is kept", async (_, change) => {
    const pair = new Pair(...schema, "CREATE TABLE strict (a TEXT CHECK (a > 'b')) STRICT");
    pair.ship();
    const before = pair.replica.log.position;
    const { replica } = await pair.dumps();
    expect(append(pair, forged(pair, rows("log", [9n, 9n]), change))).toMatchObject({
      ok: false,
      code: "stuck",
      position: before,
    });
    expect((await pair.dumps()).replica).toEqual(replica);
    pair.rows("INSERT INTO t VALUES (1, 'x')");
    await expectReplicated(pair);
  });

  test("a record of another schema version", () => {
    const pair = new Pair(...schema);
    pair.ship();
    const { lsn: last, checksum } = pair.replica.log.position;
    const record = sealRecord(
      { epoch: firstEpoch, lsn: lsn(last + 1), schemaVersion: 9, committedAtMs: 0, previous: checksum },
      [],
    );
    const reply = append(pair, record.bytes);
    expect(reply).toMatchObject({ ok: false, code: "stuck" });
    expect(!reply.ok && reply.message).toContain("another schema");
  });

  test("a record of an older epoch than the one before it", () => {
    const pair = new Pair(...schema);
    pair.ship();
    const { lsn: last, checksum, schemaVersion } = pair.replica.log.position;
    const record = sealRecord(
      { epoch: epoch(0), lsn: lsn(last + 1), schemaVersion, committedAtMs: 0, previous: checksum },
      [],
    );
    expect(append(pair, record.bytes)).toMatchObject({ ok: false, code: "stuck" });
  });
});

describe("a replica answers reads and nothing else", () => {
  const pair = new Pair(...schema, "INSERT INTO t VALUES (1, 'x'), (2, 'y')");
  pair.ship();

  test("a batch of reads is one state of the data", () => {
    expect(query(pair, ["SELECT a FROM t WHERE id = ?", 2], ["SELECT count(*) AS n FROM t"])).toMatchObject({
      ok: true,
      results: [
        { kind: "read", columns: ["a"], rows: [["y"]], changes: 0, lastRowId: 0 },
        { columns: ["n"], rows: [[2]] },
      ],
    });
  });

  test.each([
    "INSERT INTO t VALUES (3, 'z')",
    "WITH w AS (SELECT 9 AS id) INSERT INTO t (id) SELECT id FROM w",
    "WITH w AS (SELECT 1) DELETE FROM t RETURNING id",
    "DELETE FROM t WHERE 0",
    "CREATE TABLE IF NOT EXISTS t (a)",
    "ANALYZE",
  ])("%s goes to the primary", (sql) => {
    expect(query(pair, ["SELECT 1"], [sql])).toMatchObject({ ok: false, code: "not-primary" });
    expect(query(pair, ["SELECT count(*) FROM t"])).toMatchObject({ results: [{ rows: [[2]] }] });
  });

  test.each<[string, string, Argument[]]>([
    ["sql-error", "SELECT nothing FROM t", []],
    ["sql-error", "SELECT json('{') FROM t", []],
    ["statement-refused", "BEGIN", []],
    ["bad-request", "SELECT ?", []],
  ])("%s: %s", (code, sql, parameters) => {
    expect(query(pair, [sql, ...parameters])).toMatchObject({ ok: false, code });
  });

  test(`of ${limits.batchStatements} statements at most`, () => {
    const reads = (count: number) => Array.from({ length: count }, (): [string] => ["SELECT 1"]);
    expect(query(pair, ...reads(limits.batchStatements))).toMatchObject({ ok: true });
    expect(query(pair, ...reads(limits.batchStatements + 1))).toMatchObject({ ok: false, code: "bad-request" });
  });

  test("under the schema of the moment: a table that comes is found, one that changed is read anew", () => {
    const other = new Pair();
    expect(query(other, ["SELECT * FROM t"])).toMatchObject({ ok: false, code: "sql-error" });
    other.rows("CREATE TABLE t (a)");
    other.ship();
    expect(query(other, ["SELECT * FROM t"])).toMatchObject({ ok: true, results: [{ columns: ["a"] }] });
    other.rows("ALTER TABLE t ADD b");
    other.ship();
    expect(query(other, ["SELECT * FROM t"])).toMatchObject({ ok: true, results: [{ columns: ["a", "b"] }] });
  });
});

test(`a replica keeps ${limits.segmentsKept} segments of its log`, () => {
  const engine = new SqliteEngine();
  engine.run("PRAGMA foreign_keys = OFF");
  const first = (segment: number) => segment * limits.segmentRecords + 1;
  const segmentOf = (segment: number) => `_trefoil_log_${String(first(segment)).padStart(16, "0")}`;
  for (let segment = 0; segment < limits.segmentsKept; segment += 1)
    engine.run(
      `CREATE TABLE ${segmentOf(segment)} (lsn INTEGER, part INTEGER, bytes, PRIMARY KEY (lsn, part)) WITHOUT ROWID`,
    );
  const seal = (at: number, previous: string) =>
    sealRecord({ epoch: firstEpoch, lsn: lsn(at), schemaVersion: 0, committedAtMs: 0, previous }, []);
  const last = seal(first(limits.segmentsKept) - 1, "0".repeat(16));
  engine.run(
    `INSERT INTO ${segmentOf(limits.segmentsKept - 1)} VALUES (?, 0, ?)`,
    last.header.lsn,
    new Uint8Array(last.bytes).buffer,
  );
  const replica = new Replica(engine);
  expect([replica.log.segmentCount, replica.log.firstLsn]).toEqual([limits.segmentsKept, 1]);
  const next = seal(last.header.lsn + 1, last.checksum);
  expect(replica.append({ epoch: firstEpoch, previous: replica.log.position, records: [next.bytes] })).toMatchObject({
    ok: true,
  });
  expect([replica.log.segmentCount, replica.log.firstLsn]).toEqual([limits.segmentsKept, first(1)]);
});
