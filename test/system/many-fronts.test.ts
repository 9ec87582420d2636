import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type Server, startServer } from "../../bench/support/server.ts";
import { runtimeConfig } from "../../bench/support/workers-config.ts";
import { root, workers } from "../../scripts/workers.ts";
import type { Explanation } from "../../shared/admin/explain.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { mockOrigins } from "../support/mock-origin/workers.ts";
import { adminToken, bundlePath } from "../support/site.ts";

/**
 * In production the front is many isolates that know nothing of each other but what control tells them. Here they are
 * Workers of one program in one runtime, without any dev tooling: the runtime gives each an isolate of its own.
 */
const fronts = ["front", "front-2", "front-3", "front-4"];

/** One more, which begins late. */
const coldFront = "front-5";

let server: Server;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(`${root}.trefoil/fronts-`);
  const bundleOf = (name: string, config: string) => {
    const bundles = name === "front" || name === "control" ? inject("balanceBundles") : inject("bundles");
    return join(bundles, bundlePath(config));
  };
  const site = workers.map((worker) => mockOrigins.find(({ name }) => name === worker.name) ?? worker);
  const bundled = site.map(({ name, config }) => ({ name, config, bundle: bundleOf(name, config) }));
  const more = [...fronts.slice(1), coldFront].map((name) => ({
    name,
    config: "wrangler.toml",
    bundle: bundleOf("front", "wrangler.toml"),
  }));
  const secrets = { ADMIN_TOKEN: adminToken };
  server = await startServer(
    runtimeConfig([...bundled, ...more], { doors: [...fronts, coldFront], data: folder, secrets }),
  );
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

const ask = async (front: string, path: string, init?: RequestInit) => {
  const response = await fetch(server.url(front) + path, init);
  return { status: response.status, servedBy: response.headers.get("X-Served-By") ?? "-", text: await response.text() };
};

const admin = (path: string, body?: object) =>
  ask("front", `/_trefoil/${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { Authorization: `Bearer ${adminToken}`, "Content-Type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });

const everyFront = <T>(what: (front: string) => Promise<T>) => Promise.all(fronts.map(what));

/** What one isolate goes by. */
const candidates = async (front: string, url: string) => {
  await ask(front, url);
  const { text } = await ask(front, `/_trefoil/api/explain?url=${url}`, {
    headers: { Authorization: `Bearer ${adminToken}` },
  });
  return (JSON.parse(text) as Explanation).servers.flatMap((each) => (each.isCandidate ? [each.name] : [])).join("");
};

describe("several isolates of the front", () => {
  it("begin at different servers, so that the first requests of all of them are spread, too", async () => {
    const first: string[] = [];
    for (const front of fronts) first.push((await ask(front, "/")).servedBy);
    expect(first).toEqual(["a", "b", "c", "a"]);
  });

  it("spread their requests evenly, all together", async () => {
    const names = await everyFront(async (front) => {
      const served: string[] = [];
      for (let turn = 0; turn < 30; turn++) served.push((await ask(front, "/")).servedBy);
      return served;
    });
    for (const server of ["a", "b", "c"]) expect(names.flat().filter((name) => name === server).length).toBe(40);
  });

  it("keep a visitor at his server, whichever of them he meets", async () => {
    const response = await fetch(`${server.url("front-2")}/sticky`);
    const cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const home = response.headers.get("X-Served-By");
    const served = await everyFront(
      async (front) => (await ask(front, "/sticky", { headers: { Cookie: cookie } })).servedBy,
    );
    expect(served).toEqual(fronts.map(() => home));
  });

  it("go by an operator's word within snapshotMaxAgeMs, each of them", async () => {
    expect(await everyFront((front) => candidates(front, "/"))).toEqual(fronts.map(() => "abc"));
    expect((await admin("api/servers/web/b/state", { state: "maint" })).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, limits.snapshotMaxAgeMs));
    for (const front of fronts)
      for (let turn = 0; turn < 3; turn++) expect((await ask(front, "/")).servedBy).not.toBe("b");
    const burst = await Promise.all(Array.from({ length: 60 }, () => ask(coldFront, "/")));
    expect(burst.filter(({ servedBy }) => servedBy === "b").length).toBe(0);
    expect((await admin("api/servers/web/b/state", { state: "ready" })).status).toBe(200);
    await expect
      .poll(() => everyFront((front) => candidates(front, "/")), { timeout: 10_000 })
      .toEqual(fronts.map(() => "abc"));
  });

  it("add their counters up", async () => {
    const counted = async () => {
      const lines = (await admin("stats;csv")).text.split("\n");
      const row = lines.find((line) => line.startsWith("weighted,BACKEND,"));
      return Number(row?.split(",")[7]);
    };
    const before = await counted();
    await everyFront(async (front) => {
      for (let turn = 0; turn < 25; turn++) await ask(front, "/weighted");
    });
    await expect.poll(counted, { timeout: 10_000 }).toBe(before + 100);
  });

  it("let a client through no more often than the bound says", async () => {
    const statuses = await everyFront(async (front) => {
      const served: number[] = [];
      for (let turn = 0; turn < 6; turn++) served.push((await ask(front, "/rated")).status);
      return served;
    });
    const taken = statuses.flat().filter((status) => status === 200).length;
    expect(taken).toBeGreaterThanOrEqual(3);
    expect(taken).toBeLessThanOrEqual(3 * fronts.length);
    await expect
      .poll(() => everyFront(async (front) => (await ask(front, "/rated")).status), { timeout: 10_000 })
      .toEqual(fronts.map(() => 429));
  });
});
