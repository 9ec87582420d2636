import { spawn } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { root } from "../../scripts/workers.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { adminToken, startSite, type TestSite } from "../support/site.ts";
import { play, sqlClient } from "../support/sql-client/worker.ts";

let site: TestSite;
beforeAll(async () => {
  site = await startSite({ add: [sqlClient] });
  await write("CREATE TABLE leaves (id INTEGER PRIMARY KEY, word TEXT, data)");
  await write("INSERT INTO leaves VALUES (1, 'four', 2.5), (2, 'clover', x'00ff')");
  await write("DELETE FROM leaves WHERE id = 1");
});
afterAll(() => site.close());

async function write(sql: string, ...values: unknown[]): Promise<void> {
  const { error } = await play(site, { start: "primary", calls: [{ method: "run", sql, values }] });
  expect(error).toBeUndefined();
}

/** Runs the operator's command, as `npm run ctl` does. */
function ctl(args: readonly string[], environment: Record<string, string> = {}) {
  const env = { ...process.env, TREFOIL_URL: site.url.origin, TREFOIL_TOKEN: adminToken, ...environment };
  const child = spawn(process.execPath, [`${root}cli/main.ts`, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  return new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

const positionsIn = (text: string) => [...text.matchAll(/^# at (\d+) /gm)].map(([, lsn]) => Number(lsn));

describe("ctl binlog show", () => {
  test("prints the records of the primary: position, time, checksum, schema changes as SQL, rows with typed values", async () => {
    const { code, out } = await ctl(["binlog", "show", "--from", "1", "--limit", "3"]);
    expect(code).toBe(0);
    expect(positionsIn(out)).toEqual([1, 2, 3]);
    expect(out).toMatch(/^# db-1: the log holds records 1 to \d+\n/);
    expect(out).toMatch(/# at 1 {2}epoch 1 {2}schema 1 {2}20\d\d-\S+Z {2}\d+ bytes {2}checksum [0-9a-f]{16}\n/);
    expect(out).toContain("CREATE TABLE leaves (id INTEGER PRIMARY KEY, word TEXT, data);");
    expect(out).toContain("###   @3='four' /* TEXT */\n###   @4=2.5 /* REAL */");
    expect(out).toContain("###   @4=x'00ff' /* BLOB */");
    expect(out).toContain('### DELETE FROM "leaves"\n### WHERE\n###   @1=1 /* INTEGER */');
  });

  test("prints the newest records where no first one is named, of a replica if asked, and as JSON", async () => {
    await expect
      .poll(async () => (await ctl(["binlog", "show", "--node", "db-2", "--limit", "1", "--json"])).out, {
        timeout: 30_000,
      })
      .toContain('"node":"db-2"');
    const [one, other] = await Promise.all(
      ["db-1", "db-2"].map((node) => ctl(["binlog", "show", "--node", node, "--from", "2", "--limit", "1", "--json"])),
    );
    const record = JSON.parse(one?.out ?? "") as { changes: unknown[] };
    expect(record).toMatchObject({ node: "db-1", lsn: 2, epoch: 1, schemaVersion: 1 });
    expect(record.changes[0]).toMatchObject({ type: "rows", table: "leaves", deleted: [] });
    expect({ ...(JSON.parse(other?.out ?? "") as object), node: "db-1" }).toEqual(record);
  });

  test("asks page by page where the records are more or larger than one answer takes", async () => {
    for (const n of [1, 2, 3]) await write("INSERT INTO leaves(word, data) VALUES (?, randomblob(700000))", n);
    for (const more of [["--from", "1"], []]) {
      const { code, out } = await ctl(["binlog", "show", ...more, "--limit", String(limits.shipRecords + 1)]);
      expect(code).toBe(0);
      const positions = positionsIn(out);
      expect(positions.length).toBeGreaterThan(5);
      expect(positions).toEqual(positions.map((_, at) => at + 1));
    }
  });

  test.each([
    ["an LSN that is none", ["--from", "x"], "from"],
    ["a node that is none", ["--node", "db-9"], "db-1"],
    ["a limit that is none", ["--limit", "0"], "--limit"],
    ["an option that is none", ["--form", "1"], "--from LSN"],
  ])("exits with 1 on %s, and says what is meant", async (_, args, message) => {
    const { code, err } = await ctl(["binlog", "show", ...args]);
    expect(err).toContain(message);
    expect(code).toBe(1);
  });

  test("exits with 2 where the node does not answer", async () => {
    await site.fault({ target: "db-3", fault: "down" });
    const { code, err } = await ctl(["binlog", "show", "--node", "db-3"]);
    await site.clearFaults();
    expect(err).toContain("db-3");
    expect(code).toBe(2);
  });
});

describe("ctl", () => {
  test("exits with 2 where nothing answers, and names the address", async () => {
    const { code, err } = await ctl(["binlog", "show"], { TREFOIL_URL: "http://127.0.0.1:1" });
    expect(err).toContain("http://127.0.0.1:1 does not answer");
    expect(code).toBe(2);
  });

  test("exits with 1 on a wrong token", async () => {
    const { code, err } = await ctl(["binlog", "show"], { TREFOIL_TOKEN: "wrong" });
    expect(err).toContain("TREFOIL_TOKEN");
    expect(code).toBe(1);
  });

  test("lists its commands, and the options of each", async () => {
    expect((await ctl(["--help"])).out).toContain("binlog show");
    expect((await ctl(["binlog", "show", "--help"])).out).toContain("--from LSN");
    expect(await ctl([])).toMatchObject({ code: 1 });
    const { code, err } = await ctl(["nothing", "at-all"]);
    expect(code).toBe(1);
    expect(err).toContain("binlog show");
    expect(await ctl(["binlog", "hide"])).toMatchObject({ code: 1, err: "binlog can do: show.\n" });
  });
});
