import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { root } from "../../scripts/workers.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { adminToken, startSite, type TestSite } from "../support/site.ts";

let site: TestSite;
beforeAll(async () => {
  site = await startSite();
});
afterAll(() => site.close());

function start(args: readonly string[]) {
  const env = { ...process.env, TREFOIL_URL: site.url.origin, TREFOIL_TOKEN: adminToken };
  return spawn(process.execPath, [`${root}cli/main.ts`, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
}

/** Runs the operator's command, as `npm run ctl` does. */
function ctl(...args: readonly string[]) {
  const child = start(args);
  return new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

async function servedBy(requests: number): Promise<Set<string | null>> {
  const names = new Set<string | null>();
  for (let turn = 0; turn < requests; turn += 1)
    names.add((await site.fetch("/api/whoami")).headers.get("X-Served-By"));
  return names;
}

describe("ctl server", () => {
  test("list prints a table, and exits with 0 while all serve", async () => {
    const { code, out } = await ctl("server", "list");
    expect(out).toMatch(/^POOL {2}SERVER {2}STATE {2}WEIGHT {2}CHECK +SINCE {2}NOTE\n/);
    expect(out).toMatch(/^web {3}a {7}UP {5}1 {7}L7OK\/200 in \d+ms/m);
    expect(code).toBe(0);
    const json = JSON.parse((await ctl("server", "list", "--json")).out) as { servers: { name: string }[] };
    expect(json.servers.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });

  test("list --watch prints it again and again, until it is interrupted", async () => {
    const child = start(["server", "list", "--watch"]);
    let tables = 0;
    child.stdout.on("data", (chunk: Buffer) => (tables += chunk.toString().split("POOL").length - 1));
    await expect.poll(() => tables, { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
    child.kill("SIGINT");
    await once(child, "exit");
  });

  test("drain waits until it is in force: from then on no new visitor gets there", async () => {
    expect(await servedBy(6)).toEqual(new Set(["a", "b", "c"]));
    const startMs = performance.now();
    const { code, out, err } = await ctl("server", "drain", "a", "--for", "30m");
    expect(performance.now() - startMs).toBeGreaterThan(limits.snapshotMaxAgeMs);
    expect(out).toMatch(/^web\/a is DRAIN with weight 1, its own visitors move in 30m: in force everywhere\.\n$/);
    expect(err).toContain("within 5s");
    expect(code).toBe(0);
    expect(await servedBy(6)).toEqual(new Set(["b", "c"]));
    const list = await ctl("server", "list");
    expect(list.out).toMatch(/^web {3}a {7}DRAIN .* drains (29m|30m)/m);
    expect(list.code).toBe(1);
  });

  test("maint of all of them leaves nobody: list exits with 2", async () => {
    for (const name of ["b", "c"]) await ctl("server", "maint", name, "--no-wait");
    expect((await ctl("server", "list")).code).toBe(2);
  });

  test("ready brings them back", async () => {
    for (const name of ["a", "b", "c"])
      expect((await ctl("server", "ready", name, "--no-wait", "--pool", "web")).out).toMatch(/^web\/. is UP/);
    await expect.poll(() => servedBy(6), { timeout: 20_000 }).toEqual(new Set(["a", "b", "c"]));
  });

  test("weight takes a number, a share, and the configured one back", async () => {
    const weights = [];
    for (const weight of ["50", "300%", "0", "default"]) {
      const { out } = await ctl("server", "weight", "b", weight, "--no-wait", "--json");
      weights.push((JSON.parse(out) as { server: { weight: number } }).server.weight);
    }
    expect(weights).toEqual([50, 3, 0, 1]);
  });

  test.each([
    ["a server that is none", ["server", "drain", "z"], "There are: web/a, web/b, web/c."],
    ["a pool that is none", ["server", "drain", "a", "--pool", "x"], "There is no server x/a."],
    ["no server", ["server", "drain"], "NAME is missing."],
    ["a word too many", ["server", "drain", "a", "b"], '"b" is one word too many.'],
    ["a time that is none", ["server", "drain", "a", "--for", "soon"], "30m"],
    ["a time that is too long", ["server", "drain", "a", "--for", "9d"], "milliseconds"],
    ["a weight that is none", ["server", "weight", "a", "300"], "between 0 and 256"],
    ["a command that is empty", ["runtime", "exec", " "], "'help' lists them"],
  ])("%s exits with 1, and says what is meant", async (_, args, message) => {
    const { code, err } = await ctl(...args);
    expect(err).toContain(message);
    expect(code).toBe(1);
  });
});

test("ctl runtime exec prints what HAProxy would", async () => {
  expect(await ctl("runtime", "exec", "get weight web/a")).toMatchObject({ code: 0, out: "1 (initial 1)\n" });
  expect((await ctl("runtime", "exec", "show stat")).out).toMatch(/^# pxname,svname,/);
  const { out } = await ctl("runtime", "exec", "--json", "get weight web/z");
  expect(JSON.parse(out)).toEqual({ command: "get weight web/z", answer: "No such server.\n\n" });
});
