import * as v from "valibot";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { type Change, changeSchema, type ServerDetail, serversSchema } from "../../shared/admin/servers.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { startSite, type TestSite } from "../support/site.ts";

let site: TestSite;
beforeAll(async () => {
  site = await startSite();
});
afterEach(async () => {
  await site.clearFaults();
  await runtime(["a", "b", "c"].flatMap((name) => [`enable server web/${name}`, ready(name)]).join(";"));
});
afterAll(() => site.close());

const ready = (name: string) => `set server web/${name} state ready;set server web/${name} weight 100%`;

const api = "/_trefoil/api/servers";
const post = (path: string, body: unknown) =>
  site.admin(`${api}/${path}`, { method: "POST", body: JSON.stringify(body) });

const list = async () => v.parse(serversSchema, await (await site.admin(api)).json());
const find = async (name: string): Promise<ServerDetail | undefined> =>
  (await list()).servers.find((server) => server.name === name);

async function change(path: string, body: object): Promise<Change> {
  const response = await post(path, body);
  expect(response.status).toBe(200);
  return v.parse(changeSchema, await response.json());
}

const runtime = async (body: string) => {
  const response = await site.admin("/_trefoil/api/runtime", { method: "POST", body });
  expect([response.status, response.headers.get("Content-Type")]).toEqual([
    200,
    expect.stringMatching(/^text\/plain\b/),
  ]);
  return response.text();
};

const soon = { timeout: 20_000 };

describe("GET /_trefoil/api/servers", () => {
  test("has every server with its state, weight and last check, though nobody visits the site", async () => {
    const { servers } = await list();
    expect(servers.map(({ pool, name, weight, admin }) => [pool, name, weight, admin])).toEqual([
      ["web", "a", 1, "ready"],
      ["web", "b", 1, "ready"],
      ["web", "c", 1, "ready"],
    ]);
    for (const { state, lastCheck } of servers) {
      expect(state).toBe("UP");
      expect(lastCheck).toMatchObject({ status: "L7OK", code: 200 });
    }
  });

  test("shows the way of a server that fails down and up again, and why", async () => {
    await site.fault({ target: "origin-b", fault: "error" });
    const seen = new Set<string>();
    const state = async () => {
      const { state: now = "" } = (await find("b")) ?? {};
      seen.add(now);
      return now;
    };
    await expect.poll(state, { ...soon, interval: 100 }).toBe("DOWN");
    expect([...seen].filter((each) => each !== "UP")).toEqual(["UP 2/3", "UP 1/3", "DOWN"]);
    expect(await find("b")).toMatchObject({ lastCheck: { status: "L7STS", code: 500 }, health: "down", downs: 1 });
    await site.clearFaults();
    await expect.poll(state, { ...soon, interval: 100 }).toBe("UP");
    expect(seen).toContain("DOWN 1/2");
  });

  test("shows a server that hangs as timed out, while the others are checked as ever", async () => {
    await site.fault({ target: "origin-a", fault: "hang" });
    await expect.poll(async () => (await find("a"))?.lastCheck?.status, soon).toBe("L7TOUT");
    const { nowMs, servers } = await list();
    for (const { lastCheck } of servers.filter(({ name }) => name !== "a")) {
      expect(lastCheck?.status).toBe("L7OK");
      expect(nowMs - (lastCheck?.atMs ?? 0)).toBeLessThan(3500);
    }
    await site.clearFaults();
    await expect.poll(async () => (await find("a"))?.state, soon).toBe("UP");
  });
});

describe("a change of a server", () => {
  test("is answered with the server as it is then, and with the time when all fronts go by it", async () => {
    const { server, nowMs, inForceAtMs } = await change("web/a/state", { state: "drain", forMs: 90_000 });
    expect(server).toMatchObject({ state: "DRAIN", admin: "drain", drainUntilMs: nowMs + 90_000 });
    expect(inForceAtMs - nowMs).toBe(limits.snapshotMaxAgeMs);
    expect(await find("a")).toMatchObject({ state: "DRAIN", drainUntilMs: nowMs + 90_000 });
    expect((await change("web/a/state", { state: "maint" })).server).toMatchObject({
      state: "MAINT",
      drainUntilMs: null,
      lastCheck: null,
    });
    expect((await change("web/a/state", { state: "ready" })).server.state).toMatch(/^UP/);
  });

  test("of its weight holds until it is given that of the configuration again", async () => {
    expect((await change("web/b/weight", { weight: 0 })).server).toMatchObject({ weight: 0, initialWeight: 1 });
    expect((await change("web/b/weight", { weight: 256 })).server.weight).toBe(256);
    expect((await change("web/b/weight", { weight: null })).server.weight).toBe(1);
  });

  test.each([
    ["web/a/state", { state: "gone" }, 400, "ready, drain, maint"],
    ["web/a/state", { state: "ready", forMs: 1 }, 400, "for a drain alone"],
    ["web/a/state", { state: "drain", forMs: limits.drainMs + 1 }, 400, `${limits.drainMs}`],
    ["web/a/state", { state: "drain", until: 3 }, 400, "the keys state, forMs"],
    ["web/a/state", undefined, 400, "a JSON object"],
    ["web/a/weight", { weight: 257 }, 400, "0 to 256"],
    ["web/a/weight", { weight: "5" }, 400, "0 to 256"],
    ["web/a/weight", {}, 400, "weight"],
    ["web/z/state", { state: "ready" }, 404, "web/z"],
    ["nowhere/a/weight", { weight: 1 }, 404, "nowhere/a"],
  ])("of %s to %j is a %d that says %s", async (path, body, status, message) => {
    const response = await post(path, body);
    expect([response.status, await response.text()]).toEqual([status, expect.stringContaining(message)]);
  });

  test("takes the longest drain", async () => {
    const { server, nowMs } = await change("web/a/state", { state: "drain", forMs: limits.drainMs });
    expect(server.drainUntilMs).toBe(nowMs + limits.drainMs);
  });
});

describe("POST /_trefoil/api/runtime", () => {
  test("changes and shows what HAProxy's words say", async () => {
    expect(await runtime("set server web/c state drain; get weight web/c")).toBe("\n1 (initial 1)\n\n");
    expect(await runtime("show servers state web")).toMatch(/^1\n# be_id .*\n2 web 1 a - 2 0 1 1 /);
    expect(await runtime("show servers state web")).toContain("\n2 web 3 c - 2 8 1 1 ");
    expect((await find("c"))?.state).toBe("DRAIN");
    expect(await runtime("set server web/z state drain")).toBe("No such server.\n\n");
  });

  test("show stat is the statistics of /_trefoil/stats;csv, in which the state stands", async () => {
    await runtime("set server web/b state maint");
    const [header = "", ...rows] = (await runtime("show stat")).trimEnd().split("\n");
    const status = header.replace(/^# /, "").split(",").indexOf("status");
    const row = rows.find((each) => each.startsWith("web,b,"))?.split(",");
    expect(row?.[status]).toBe("MAINT");
  });

  test("takes no more than the admin API takes", async () => {
    const body = " ".repeat(limits.adminBodyBytes + 1);
    expect((await site.admin("/_trefoil/api/runtime", { method: "POST", body })).status).toBe(413);
  });
});

test("the page and the status show the same states", async () => {
  await runtime("set server web/b state maint");
  const page = await (await site.admin("/_trefoil/")).text();
  expect(page).toContain("MAINT");
  expect(page).toContain("Server b is in maintenance.");
  const status = (await (await site.admin("/_trefoil/api/status")).json()) as { servers: { state: string }[] };
  expect(status.servers.map(({ state }) => state)).toEqual([expect.any(String), "MAINT", expect.any(String)]);
});
