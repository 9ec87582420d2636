import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { startSite, type TestSite } from "../support/site.ts";
import type { Call } from "../support/sql-client/script.ts";
import { play, readFrom, sqlClient } from "../support/sql-client/worker.ts";

let site: TestSite;
beforeAll(async () => {
  site = await startSite({ add: [sqlClient] });
  await write("CREATE TABLE t (id INTEGER PRIMARY KEY, a)");
});
afterAll(() => site.close());

const run = (sql: string, ...values: unknown[]): Call => ({ method: "run", sql, values });

async function write(sql: string, ...values: unknown[]): Promise<void> {
  const { error } = await play(site, { start: "primary", calls: [run(sql, ...values)] });
  expect(error).toBeUndefined();
}

interface NodeStatus {
  readonly node: string;
  readonly lsn: number;
  readonly standing?: string;
  readonly difference?: string;
}

async function status(node: string): Promise<NodeStatus | undefined> {
  const response = await site.admin("/_trefoil/api/status");
  return ((await response.json()) as { nodes: NodeStatus[] }).nodes.find((each) => each.node === node);
}

const standing = (node: string, timeout = 30_000) =>
  expect.poll(async () => (await status(node))?.standing, { timeout });

async function rebuild(node: string): Promise<void> {
  const body = JSON.stringify({ node });
  const headers = { "Content-Type": "application/json" };
  await site.admin("/_trefoil/api/database/rebuild", { method: "POST", body, headers });
}

const storageOf = (name: string) => site.worker("database").getDurableObjectStorage("DatabaseNode", { name });

const rows = (node: string) =>
  readFrom(site, node, "SELECT id, a FROM t ORDER BY id").catch((error: unknown) => String(error));

describe("a primary that loses its memory before it has shipped what it committed", () => {
  test.each(["its object is aborted", "the whole runtime is killed"])(
    "ships it by itself, when %s and nobody calls it any more",
    async (how) => {
      for (const target of ["db-2", "db-3"]) await site.fault({ target, fault: "hang" });
      await write("INSERT INTO t(a) VALUES (?)", how);
      // The replicas die after it: their hung calls, with the record in them, would come to life again.
      if (how.includes("object"))
        for (const target of ["db-1", "db-2", "db-3"]) await site.fault({ target, fault: "abort" });
      else await site.harness.update((options) => options);
      await site.clearFaults();
      for (const node of ["db-2", "db-3"])
        await expect.poll(() => rows(node), { timeout: 30_000 }).toContainEqual([expect.any(Number), how]);
    },
  );
});

test("replicas that have records which the primary has lost serve nobody, and are right again once they are rebuilt", async () => {
  await write("INSERT INTO t(a) VALUES ('lost')");
  for (const node of ["db-2", "db-3"]) await expect.poll(() => rows(node)).toContainEqual([expect.any(Number), "lost"]);
  const storage = await storageOf("db-1");
  const [log] = await storage.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE name GLOB '_trefoil_log_*'");
  // What a restore of the primary from a backup comes to.
  await storage.exec(`DELETE FROM "${log?.name}" WHERE lsn = (SELECT max(lsn) FROM "${log?.name}")`);
  await storage.exec("DELETE FROM t WHERE a = 'lost'");
  await site.fault({ target: "db-1", fault: "abort" });
  await status("db-1");
  for (const node of ["db-2", "db-3"]) {
    await expect.poll(() => rows(node), { timeout: 30_000 }).toContain("and the primary only up to");
    await rebuild(node);
    await standing(node).toBe("following");
    expect(await rows(node)).toEqual(await rows("db-1"));
  }
});

describe("a replica that cannot take the next record of the log", () => {
  /** Reads at `any` level go to both replicas in turn; none of them to `node`. */
  async function servesNobody(node: string): Promise<void> {
    for (let turn = 0; turn < 6; turn += 1) {
      const calls = [{ method: "first" as const, sql: "SELECT 1 AS one" }];
      const { results, servedBy } = await play(site, { start: "first-unconstrained", calls });
      expect(results).toEqual([{ one: 1 }]);
      expect(servedBy).not.toBe(node);
    }
  }

  test("answers no reads, also after a reset, and is right again once it is rebuilt", async () => {
    await (await storageOf("db-2")).exec("DROP TABLE t");
    await write("INSERT INTO t(a) VALUES ('lost')");
    await expect.poll(() => rows("db-2"), { timeout: 30_000 }).toContain("cannot be replayed");
    await servesNobody("db-2");
    await site.worker("database").evictDurableObject("DatabaseNode", { name: "db-2" });
    await servesNobody("db-2");
    expect(await status("db-2")).toMatchObject({
      standing: "stuck",
      difference: expect.stringContaining("cannot be replayed") as string,
    });
    expect(await (await site.admin("/_trefoil/")).text()).toContain("replica, cannot follow the primary");
    await rebuild("db-2");
    await standing("db-2").toBe("following");
    expect(await rows("db-2")).toEqual(await rows("db-1"));
  });

  test("follows again by itself when what was in its way has gone", async () => {
    const storage = await storageOf("db-3");
    await storage.exec("CREATE TRIGGER b BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'blocked'); END");
    await write("INSERT INTO t(a) VALUES ('blocked')");
    await expect.poll(() => rows("db-3"), { timeout: 30_000 }).toContain("blocked: SQLITE_CONSTRAINT");
    await servesNobody("db-3");
    await storage.exec("DROP TRIGGER b");
    await standing("db-3").toBe("following");
    expect(await rows("db-3")).toEqual(await rows("db-1"));
  });
});
