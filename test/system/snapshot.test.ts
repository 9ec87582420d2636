import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { limits } from "../../shared/kernel/limits.ts";
import { dump } from "../support/dump.ts";
import { startSite, type TestSite } from "../support/site.ts";
import type { Call } from "../support/sql-client/script.ts";
import { play, readFrom, sqlClient } from "../support/sql-client/worker.ts";

let site: TestSite;
beforeAll(async () => {
  site = await startSite({ add: [sqlClient] });
});
afterAll(() => site.close());

const run = (sql: string, ...values: unknown[]): Call => ({ method: "run", sql, values });

async function write(...calls: Call[]): Promise<void> {
  const { error } = await play(site, { start: "primary", calls });
  expect(error).toBeUndefined();
}

interface NodeStatus {
  readonly node: string;
  readonly lsn: number;
  readonly standing?: string;
  readonly check?: { readonly rounds: number; readonly running: boolean };
  readonly replicas?: readonly { readonly node: string; readonly lastError: string | null }[];
}

interface Check {
  readonly running: boolean;
  readonly rounds: number;
  readonly done: { readonly rows: number; readonly slices: number } | null;
  readonly replicas: readonly { readonly node: string; readonly verdict: string; readonly difference?: string }[];
}

async function status(node: string): Promise<NodeStatus | undefined> {
  const response = await site.admin("/_trefoil/api/status");
  return ((await response.json()) as { nodes: NodeStatus[] }).nodes.find((each) => each.node === node);
}

const readCheck = async (): Promise<Check> =>
  (await (await site.admin("/_trefoil/api/database/check")).json()) as Check;

/** Asks for a check of everything and waits for its end. */
async function check(): Promise<Check> {
  const { rounds } = await readCheck();
  expect((await site.admin("/_trefoil/api/database/check", { method: "POST" })).status).toBe(202);
  await expect
    .poll(
      async () => {
        const { rounds: now, running, replicas } = await readCheck();
        return now > rounds && !running && !replicas.some(({ verdict }) => verdict === "pending");
      },
      { timeout: 30_000 },
    )
    .toBe(true);
  return readCheck();
}

const rebuild = (node: string): Promise<{ status: number }> =>
  site.admin("/_trefoil/api/database/rebuild", {
    method: "POST",
    body: JSON.stringify({ node }),
    headers: { "Content-Type": "application/json" },
  });

const serves = (node: string, timeout = 60_000) =>
  expect.poll(async () => (await status(node))?.standing, { timeout }).toBe("following");

/** Runs SQL on the disk of a node, behind its back. */
async function tamper(node: string, sql: string): Promise<void> {
  const storage = await site.worker("database").getDurableObjectStorage("DatabaseNode", { name: node });
  await storage.exec(sql);
}

const dumpOf = (node: string) => dump((sql) => readFrom(site, node, sql));

async function expectEqual(node: string): Promise<void> {
  await expect
    .poll(async () => (await status(node))?.lsn === (await status("db-1"))?.lsn, { timeout: 30_000 })
    .toBe(true);
  expect(await dumpOf(node)).toEqual(await dumpOf("db-1"));
}

describe("a replica that differs in one bit", () => {
  test("is found when a check is asked for, serves nobody from then on, and is right again once it is rebuilt", async () => {
    await write(
      run("CREATE TABLE notes (id INTEGER PRIMARY KEY, text)"),
      run("INSERT INTO notes SELECT value, 'note ' || value FROM json_each('[1,2,3,4,5,6,7,8,9]')"),
    );
    expect((await check()).replicas.map(({ verdict }) => verdict)).toEqual(["equal", "equal"]);
    await tamper("db-2", "UPDATE notes SET text = 'note 4' || char(0) WHERE id = 4");
    const found = await check();
    expect(found.replicas).toEqual([
      {
        node: "db-2",
        verdict: "diverged",
        difference: expect.stringContaining("a slice of notes holds 9 rows") as string,
      },
      { node: "db-3", verdict: "equal" },
    ]);
    await expect(readFrom(site, "db-2", "SELECT 1")).rejects.toThrow("a slice of notes");
    await site.worker("database").evictDurableObject("DatabaseNode", { name: "db-2" });
    await expect(readFrom(site, "db-2", "SELECT 1")).rejects.toThrow("a slice of notes");
    for (let turn = 0; turn < 6; turn += 1) {
      const calls = [{ method: "first" as const, sql: "SELECT text FROM notes WHERE id = 4" }];
      const { results, servedBy } = await play(site, { start: "first-unconstrained", calls });
      expect(results).toEqual([{ text: "note 4" }]);
      expect(servedBy).not.toBe("db-2");
    }
    await write(run("INSERT INTO notes VALUES (10, 'after')"));
    expect((await status("db-1"))?.replicas?.find(({ node }) => node === "db-2")?.lastError).toBe("diverged");
    expect((await rebuild("db-2")).status).toBe(202);
    await serves("db-2");
    await expectEqual("db-2");
    expect((await check()).replicas.map(({ verdict }) => verdict)).toEqual(["equal", "equal"]);
  });

  test("is found in the background, by the checks that go along with the writes", async () => {
    await tamper("db-3", "UPDATE notes SET text = CAST(text AS BLOB) WHERE id = 7");
    const before = await readCheck();
    await write(
      ...Array.from({ length: limits.checkRecords + 1 }, (_, n) => run("INSERT INTO notes(text) VALUES (?)", n)),
    );
    await expect.poll(async () => (await status("db-3"))?.standing, { timeout: 30_000 }).toBe("diverged");
    const after = await readCheck();
    expect(after.running).toBe(false);
    expect(after.rounds).toBeGreaterThan(before.rounds);
    expect(await (await site.admin("/_trefoil/")).text()).toContain("replica, differs from the primary");
    await rebuild("db-3");
    await serves("db-3");
    await expectEqual("db-3");
  });

  test("also in an AUTOINCREMENT counter, in the schema, and by a row too many", async () => {
    await write(
      run("CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT)"),
      run("INSERT INTO counted VALUES (1)"),
    );
    for (const sql of [
      "UPDATE sqlite_sequence SET seq = 2",
      "CREATE INDEX planted ON notes (text)",
      "INSERT INTO notes VALUES (999999, NULL)",
    ]) {
      await expectEqual("db-2");
      await tamper("db-2", sql);
      expect((await check()).replicas.map(({ verdict }) => verdict)).toEqual(["diverged", "equal"]);
      await rebuild("db-2");
      await serves("db-2");
    }
  });
});

describe("a replica that is filled anew", () => {
  /** Waits until pages with so many rows of the large table have come. */
  async function filled(node: string, rows: number): Promise<void> {
    const storage = await site.worker("database").getDurableObjectStorage("DatabaseNode", { name: node });
    const cursor = "SELECT json_extract(value, '$.cursor.table') AS t FROM _trefoil_state WHERE name = 'standing'";
    const count = async () => {
      const [standing] = await storage.exec<{ t: string | null }>(cursor);
      if (standing?.t !== "large") return 0;
      return (await storage.exec<{ n: number }>("SELECT count(*) AS n FROM large"))[0]?.n ?? 0;
    };
    await expect.poll(() => count().catch(() => 0), { timeout: 60_000, interval: 5 }).toBeGreaterThanOrEqual(rows);
  }

  /** Writes with several clients until told to stop. What fails while a node is away counts for nothing. */
  function load() {
    let stopped = false;
    let writes = 0;
    const clients = Array.from({ length: 4 }, async (_, client) => {
      while (!stopped) {
        const id = 1 + ((writes * 7919) % 50_000);
        const { error } = await play(site, {
          start: "primary",
          calls: [
            run("UPDATE large SET u = -u, text = ? WHERE id = ?", `client ${client}`, id),
            run(
              "INSERT OR REPLACE INTO large SELECT id + 50000, ?, 'moved' FROM large WHERE id = ?",
              -id - 100_000,
              id,
            ),
            run("DELETE FROM large WHERE id = ?", id + 49_000),
          ],
        });
        if (!error) writes += 1;
      }
    });
    return {
      writes: () => writes,
      async stop() {
        stopped = true;
        await Promise.all(clients);
      },
    };
  }

  test(
    "with 50,000 rows, while writes go on and both sides are aborted, ends up equal to the bit",
    { timeout: 180_000 },
    async () => {
      await write(run("CREATE TABLE large (id INTEGER PRIMARY KEY, u INTEGER UNIQUE, text)"));
      await write(
        run(
          "INSERT INTO large WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 50000) SELECT id, id, 'row ' || id FROM n",
        ),
      );
      await expectEqual("db-2");
      // So slow that all four faults come in the middle.
      await site.fault({ target: "db-1", fault: "slow", ms: 100 });
      const writers = load();
      try {
        await rebuild("db-2");
        // Aborted, not evicted: the harness waits with that until the object rests, and it does not before it is filled.
        for (const [turn, target] of ["db-1", "db-2", "db-1", "db-2"].entries()) {
          await filled("db-2", turn * 3_000 + 1);
          await site.fault({ target, fault: "abort" });
          expect((await status("db-2"))?.standing).toBe("filling");
        }
        await site.clearFaults();
        await serves("db-2", 120_000);
        expect(writers.writes()).toBeGreaterThan(20);
      } finally {
        await writers.stop();
      }
      await expectEqual("db-2");
      expect((await check()).replicas.map(({ verdict }) => verdict)).toEqual(["equal", "equal"]);
    },
  );

  /** Where the log of a node begins that was filled: a filling that begins anew after a write begins it later. */
  async function base(node: string): Promise<unknown> {
    const storage = await site.worker("database").getDurableObjectStorage("DatabaseNode", { name: node });
    return storage.exec("SELECT lsn FROM _trefoil_base");
  }

  test.each<[string, () => Promise<void>]>([
    [
      "both sides were evicted between two pages",
      async () => {
        // Without an answer the replica waits for its alarm, and rests till then: only an object that rests can be evicted.
        await site.fault({ target: "db-2", fault: "partition", peers: ["db-1"] });
        for (const name of ["db-2", "db-1"]) await site.worker("database").evictDurableObject("DatabaseNode", { name });
        expect((await status("db-2"))?.standing).toBe("filling");
      },
    ],
    ["the whole runtime was killed", () => site.harness.update((options) => options)],
  ])("goes on where it was after %s", { timeout: 120_000 }, async (_, interrupt) => {
    await site.fault({ target: "db-1", fault: "slow", ms: 100 });
    await rebuild("db-2");
    await filled("db-2", 3_000);
    const before = await base("db-2");
    await write(run("UPDATE large SET text = 'meanwhile' WHERE id = 1 OR id = 49000"));
    await interrupt();
    await site.clearFaults();
    await serves("db-2");
    expect(await base("db-2")).toEqual(before);
    await expectEqual("db-2");
  });

  test("begins anew when the schema changes in the middle", { timeout: 120_000 }, async () => {
    await site.fault({ target: "db-1", fault: "slow", ms: 100 });
    await rebuild("db-3");
    await filled("db-3", 4_000);
    await write(
      run("ALTER TABLE large ADD COLUMN more DEFAULT 'x'"),
      run("CREATE TABLE extra AS SELECT random() AS r"),
    );
    expect((await status("db-3"))?.standing).toMatch(/filling|wanted/);
    await site.clearFaults();
    await serves("db-3", 120_000);
    await expectEqual("db-3");
  });
});

test(
  "a replica that joins when the log no longer reaches back fills itself from a snapshot",
  { timeout: 120_000 },
  async () => {
    const late = await startSite({ add: [sqlClient] });
    try {
      await late.fault({ target: "db-3", fault: "down" });
      const blob = run("INSERT INTO t(data) VALUES (randomblob(1500000))");
      const calls = [run("CREATE TABLE t (n INTEGER PRIMARY KEY, data)"), ...Array.from({ length: 7 }, () => blob)];
      expect((await play(late, { start: "primary", calls })).error).toBeUndefined();
      const storage = await late.worker("database").getDurableObjectStorage("DatabaseNode", { name: "db-1" });
      const segments = await storage.exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE name GLOB '_trefoil_log_*' ORDER BY name",
      );
      expect(segments.length).toBeGreaterThan(1);
      await storage.exec(`DROP TABLE "${segments[0]?.name}"`);
      await late.fault({ target: "db-1", fault: "abort" });
      await late.clearFaults();
      const count = () => readFrom(late, "db-3", "SELECT count(*) FROM t").catch(() => [[0]]);
      await expect.poll(async () => (await count())[0]?.[0], { timeout: 60_000 }).toBe(7);
      const digest = "SELECT n, length(data), hex(substr(data, -8)) FROM t ORDER BY n";
      const [primary, replica] = await Promise.all(["db-1", "db-3"].map((node) => readFrom(late, node, digest)));
      expect(replica).toEqual(primary);
    } finally {
      await late.close();
    }
  },
);

describe("the operator's API", () => {
  test.each([{}, { node: "db-1" }, { node: "db-9" }, { node: "db-2", more: 1 }])(
    "rebuilds only a replica: %j is a 400",
    async (body) => {
      const response = await site.admin("/_trefoil/api/database/rebuild", {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "Content-Type": "application/json" },
      });
      expect(response.status).toBe(400);
    },
  );

  test("says so when the primary is not there", async () => {
    await site.fault({ target: "db-1", fault: "down" });
    for (const method of ["GET", "POST"])
      expect((await site.admin("/_trefoil/api/database/check", { method })).status).toBe(503);
    await site.clearFaults();
  });
});
