import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { limits } from "../../shared/kernel/limits.ts";
import { dump } from "../support/dump.ts";
import { startSite, type TestSite } from "../support/site.ts";
import type { Call } from "../support/sql-client/script.ts";
import { play, readFrom, sqlClient } from "../support/sql-client/worker.ts";

const replicas = ["db-2", "db-3"];

let site: TestSite;
beforeAll(async () => {
  site = await startSite({ add: [sqlClient] });
  await write("CREATE TABLE hello (id INTEGER PRIMARY KEY, word TEXT)");
});
afterAll(() => site.close());

/** Calls in a session of their own; fails the test if any of them fails. */
async function session(start: string, ...calls: Call[]) {
  const outcome = await play(site, { start, calls });
  expect(outcome.error).toBeUndefined();
  return outcome;
}

const run = (sql: string, ...values: unknown[]): Call => ({ method: "run", sql, values });
const all = (sql: string, ...values: unknown[]): Call => ({ method: "all", sql, values });
const write = (sql: string, ...values: unknown[]) => session("first-primary", run(sql, ...values));
const dumpOf = (node: string) => dump((sql) => readFrom(site, node, sql));
const positions = async () => Object.fromEntries((await status()).map(({ node, lsn }) => [node, lsn]));

async function status(): Promise<{ node: string; lsn: number; lag: number }[]> {
  const response = await site.admin("/_trefoil/api/status");
  return ((await response.json()) as { nodes: { node: string; lsn: number; lag: number }[] }).nodes;
}

/** Waits until both replicas stand where the primary stands. */
async function caughtUp(): Promise<void> {
  await expect.poll(async () => new Set(Object.values(await positions())).size, { timeout: 30_000 }).toBe(1);
}

describe("replication", () => {
  test("a write is on both replicas shortly after", async () => {
    await write("INSERT INTO hello(word) VALUES (?)", "trefoil");
    await caughtUp();
    for (const node of replicas)
      expect(await readFrom(site, node, "SELECT word FROM hello")).toContainEqual(["trefoil"]);
  });

  test("random writes through the primary leave every replica equal to it to the bit", async () => {
    await session(
      "first-primary",
      run("CREATE TABLE rows (id INTEGER PRIMARY KEY, name TEXT UNIQUE, size REAL, data, doubled AS (size * 2))"),
      run(
        "CREATE TABLE tags (row_id INTEGER REFERENCES rows(id) ON DELETE CASCADE, tag TEXT COLLATE NOCASE, PRIMARY KEY (row_id, tag)) WITHOUT ROWID",
      ),
      run("CREATE TABLE history (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT DEFAULT CURRENT_TIMESTAMP, what TEXT)"),
      run(
        "CREATE TRIGGER rows_history AFTER UPDATE ON rows BEGIN INSERT INTO history(what) VALUES (OLD.name || hex(randomblob(2))); END",
      ),
    );
    const id = fc.integer({ min: 1, max: 9 });
    const value = fc.oneof(
      fc.constant(null),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((big) => ({ big: String(big) })),
      fc.array(fc.nat(255), { maxLength: 5 }).map((blob) => ({ blob })),
    );
    const step = fc.oneof(
      fc.record({
        method: fc.constant("run" as const),
        sql: fc.constant("INSERT OR REPLACE INTO rows(id, name, size, data) VALUES (?, ?, ?, ?)"),
        values: fc.tuple(id, fc.constantFrom("x", "y", "z"), value, value),
      }),
      fc.record({
        method: fc.constant("run" as const),
        sql: fc.constant("UPDATE rows SET data = ?, name = name || 'x' WHERE id % 3 = ?"),
        values: fc.tuple(value, fc.integer({ min: 0, max: 2 })),
      }),
      fc.record({
        method: fc.constant("run" as const),
        sql: fc.constant("DELETE FROM rows WHERE id = ?"),
        values: fc.tuple(id),
      }),
      fc.record({
        method: fc.constant("run" as const),
        sql: fc.constant("INSERT OR IGNORE INTO tags SELECT id, ? FROM rows WHERE id <= ?"),
        values: fc.tuple(fc.constantFrom("a", "A", "b"), id),
      }),
      fc.record({
        method: fc.constant("run" as const),
        sql: fc.constant("DELETE FROM history WHERE id % 2 = ?"),
        values: fc.tuple(fc.integer({ min: 0, max: 1 })),
      }),
    );
    const histories = fc.sample(fc.array(step, { minLength: 20, maxLength: 20 }), { numRuns: 10, seed: 7 });
    for (const calls of histories)
      for (const call of calls) await play(site, { start: "first-primary", calls: [call] });
    await caughtUp();
    const primary = await dumpOf("db-1");
    for (const node of replicas) expect(await dumpOf(node)).toEqual(primary);
  });

  test("a transaction of several megabytes is one record, in parts, and arrives whole", async () => {
    await write("CREATE TABLE big (id INTEGER PRIMARY KEY, data BLOB)");
    await write("INSERT INTO big(data) SELECT randomblob(1500000) FROM json_each('[1,2,3]')");
    await caughtUp();
    const digest = "SELECT id, length(data), hex(substr(data, -8)) FROM big ORDER BY id";
    const primary = await readFrom(site, "db-1", digest);
    expect(primary.map(([, length]) => length)).toEqual([1_500_000, 1_500_000, 1_500_000]);
    for (const node of replicas) expect(await readFrom(site, node, digest)).toEqual(primary);
  });

  test("a replica refuses a write before anything runs, also one that looks like a read", async () => {
    for (const sql of [
      "INSERT INTO hello(word) VALUES ('x')",
      "WITH w AS (SELECT 'x') INSERT INTO hello(word) SELECT * FROM w",
      "CREATE TABLE no (a)",
    ]) {
      await expect(readFrom(site, "db-2", sql)).rejects.toThrow("this node is a replica");
    }
  });

  test("a transaction that fails half way leaves nothing behind on any node, and no record", async () => {
    const before = await positions();
    const outcome = await play(site, {
      start: "first-primary",
      calls: [{ method: "batch", sql: ["INSERT INTO hello VALUES (77, 'x')", "INSERT INTO hello VALUES (77, 'y')"] }],
    });
    expect(outcome.error?.message).toMatch(/^D1_ERROR: UNIQUE constraint failed: hello\.id: SQLITE_CONSTRAINT/);
    expect(outcome.error).toMatchObject({ code: "sql-error", retryable: false });
    expect(await positions()).toEqual(before);
    expect(await readFrom(site, "db-1", "SELECT * FROM hello WHERE id = 77")).toEqual([]);
  });
});

describe("sessions", () => {
  test("reads of a session go round robin over both replicas, writes and first-primary to the primary", async () => {
    await caughtUp();
    const { results } = await session("first-unconstrained", ...Array.from({ length: 20 }, () => all("SELECT 1")));
    const servedBy = results.map((result) => (result as { meta: { served_by: string } }).meta.served_by);
    expect(servedBy.filter((node) => node === "db-2")).toHaveLength(10);
    expect(servedBy.filter((node) => node === "db-3")).toHaveLength(10);
    expect((await session("first-primary", all("SELECT 1"))).servedBy).toBe("db-1");
    expect((await session("first-unconstrained", run("UPDATE hello SET word = word"))).servedBy).toBe("db-1");
  });

  test("a write that looks like a read finds its way to the primary, and from then on at once", async () => {
    const insert = run("WITH w AS (SELECT 'with') INSERT INTO hello(word) SELECT * FROM w");
    const { servedBy, written, bookmark } = await session("first-unconstrained", insert, insert);
    expect(servedBy).toBe("db-1");
    expect(written).toBe(bookmark);
  });

  test(
    "over 1,000 writes with replicas that lag, the session that wrote always reads its write",
    { timeout: 120_000 },
    async () => {
      await write("CREATE TABLE counters (id INTEGER PRIMARY KEY, n INTEGER)");
      await site.fault({ target: "db-2", fault: "slow", ms: 30 });
      await site.fault({ target: "db-3", fault: "slow", ms: 150 });
      const served = new Map<string, number>();
      await Promise.all(
        Array.from({ length: 10 }, async (_, id) => {
          let bookmark = (await write("INSERT INTO counters VALUES (?, 0)", id)).written ?? "";
          for (let n = 1; n <= 100; n += 1) {
            bookmark = (await session(bookmark, run("UPDATE counters SET n = n + 1 WHERE id = ?", id))).written ?? "";
            const read = await session(bookmark, {
              method: "first",
              sql: "SELECT n FROM counters WHERE id = ?",
              values: [id],
            });
            expect(read.results).toEqual([{ n }]);
            served.set(read.servedBy ?? "", (served.get(read.servedBy ?? "") ?? 0) + 1);
          }
        }),
      );
      await site.clearFaults();
      // Reads that a replica could serve in time were served there: the promise is not kept by asking the primary alone.
      expect(served.get("db-2") ?? 0).toBeGreaterThan(0);
    },
  );

  test("a replica that is down or hangs is passed over, and so is a bookmark of a future that never was", async () => {
    const { written } = await write("INSERT INTO hello(word) VALUES ('here')");
    await site.fault({ target: "db-2", fault: "hang" });
    await site.fault({ target: "db-3", fault: "down" });
    const read = all("SELECT word FROM hello WHERE word = 'here'");
    expect((await session(written ?? "", read)).servedBy).toBe("db-1");
    await site.clearFaults();
    const future = await session("00000009-0000000000000001", all("SELECT 1"));
    expect(future.servedBy).toBe("db-1");
    expect(future.written).toBe(future.bookmark);
    expect(future.bookmark?.startsWith("00000001-")).toBe(true);
    await caughtUp();
  });
});

describe("a primary that hangs", () => {
  test("is given up after limits.primaryMs; a write may then have been committed, a read may be made again", async () => {
    await site.fault({ target: "db-1", fault: "hang" });
    const [read, written] = await Promise.all([
      play(site, { start: "primary", calls: [all("SELECT 1")] }),
      play(site, { start: "primary", calls: [run("INSERT INTO hello(word) VALUES ('perhaps')")] }),
    ]);
    await site.clearFaults();
    expect(read.error).toMatchObject({ code: "unavailable", retryable: true });
    expect(written.error).toMatchObject({ code: "unavailable", retryable: false });
    expect(written.error?.message).toBe(`D1_ERROR: no answer within ${limits.primaryMs} ms`);
  });
});

describe("resets", () => {
  /** Writes with ten clients until told to stop; a write may fail while a node is away, and then may or may not be there. */
  function load(table: string) {
    const acknowledged = new Set<number>();
    let next = 0;
    let stopped = false;
    const clients = Array.from({ length: 10 }, async () => {
      while (!stopped) {
        const id = (next += 1);
        const { error } = await play(site, {
          start: "first-primary",
          calls: [run(`INSERT INTO ${table} VALUES (?)`, id)],
        });
        if (error === undefined) acknowledged.add(id);
      }
    });
    return {
      acknowledged,
      attempted: () => next,
      async stop() {
        stopped = true;
        await Promise.all(clients);
      },
    };
  }

  const written = async (table: string, node: string) =>
    (await readFrom(site, node, `SELECT id FROM ${table}`)).map(([id]) => Number(id));

  test.each(["db-1", "db-2", "db-3"])(
    "%s may be aborted and evicted under load: nothing acknowledged is lost, nothing is doubled",
    async (node) => {
      const table = `load_${node.replace("-", "_")}`;
      // No key: a write that ran twice would show as two rows.
      await write(`CREATE TABLE ${table} (id INTEGER)`);
      const writers = load(table);
      const more = async () => {
        const goal = writers.acknowledged.size + 30;
        await expect.poll(() => writers.acknowledged.size, { timeout: 30_000 }).toBeGreaterThan(goal);
      };
      for (let round = 0; round < 3; round += 1) {
        await more();
        await site.fault({ target: node, fault: "abort" });
        await more();
        await site.worker("database").evictDurableObject("DatabaseNode", { name: node });
      }
      await more();
      await writers.stop();
      await caughtUp();
      const rows = await written(table, "db-1");
      expect(new Set(rows).size).toBe(rows.length);
      expect(rows).toEqual(expect.arrayContaining([...writers.acknowledged]));
      for (const replica of replicas) expect(await dumpOf(replica)).toEqual(await dumpOf("db-1"));
    },
  );
});

test("a replica that joins late, with nothing on its disk, catches up from the log", async () => {
  const late = await startSite({ add: [sqlClient] });
  try {
    await late.fault({ target: "db-3", fault: "down" });
    const calls = [
      run("CREATE TABLE t (n INTEGER)"),
      ...Array.from({ length: 600 }, (_, n) => run("INSERT INTO t VALUES (?)", n)),
    ];
    expect((await play(late, { start: "first-primary", calls })).error).toBeUndefined();
    // The primary forgets where it was, too: its alarm brings it back, and the replica's own position says where to go on.
    await late.fault({ target: "db-1", fault: "abort" });
    await late.clearFaults();
    await expect
      .poll(async () => (await readFrom(late, "db-3", "SELECT count(*) FROM t").catch(() => [[0]]))[0]?.[0], {
        timeout: 60_000,
      })
      .toBe(600);
    const [primary, replica] = await Promise.all(
      ["db-1", "db-3"].map((node) => dump((sql) => readFrom(late, node, sql))),
    );
    expect(replica).toEqual(primary);
  } finally {
    await late.close();
  }
});
