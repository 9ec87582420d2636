import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import * as v from "valibot";

import { type Change, serversSchema } from "../../shared/admin/servers.ts";
import type { Report, ServerReport, SyncReply } from "../../shared/balance/report.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { mockOrigins } from "../support/mock-origin/workers.ts";
import { startSite, type TestSite } from "../support/site.ts";

let site: TestSite;
let control: { sync(report: Report): Promise<SyncReply> };

/** The way to the entrypoint is good for one life of the runtime. */
const connect = async () => {
  control = (await site.worker("control").getExport()) as unknown as typeof control;
};

beforeAll(async () => {
  site = await startSite({ replace: mockOrigins, bundles: inject("balanceBundles") });
  await connect();
});
afterEach(() => site.clearFaults());
afterAll(() => site.close());

let sequence = 0;
const sync = async (part: Partial<Report> = {}): Promise<SyncReply> =>
  control.sync({
    isolate: "test",
    sequence: (sequence += 1),
    known: null,
    pools: {},
    counters: {},
    rates: {},
    ...part,
  });

/** One server's news. */
const of = (server: string, news: Partial<ServerReport>) => ({
  pools: { web: { [server]: { observed: null, answers: 0, answerMs: 0, ...news } } },
});

/** What control says of a server of the pool `web`. It looks, so the checks go on. */
async function look(server: string) {
  const answer = await site.admin("/_trefoil/api/servers");
  const { servers } = v.parse(serversSchema, await answer.json());
  return servers.find(({ pool, name }) => pool === "web" && name === server);
}

const post = async (path: string, body: object): Promise<Change> => {
  const response = await site.admin(`/_trefoil/api/servers/${path}`, { method: "POST", body: JSON.stringify(body) });
  expect(response.status).toBe(200);
  return (await response.json()) as Change;
};

const runtime = async (body: string) => (await site.admin("/_trefoil/api/runtime", { method: "POST", body })).text();

/** A line of `show info`, which does not count as a look. */
const info = async (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(await runtime("show info"))?.[1]);

/** Why control does not answer; a proxy of the harness stands between, whose errors are of another realm. */
const refusal = () =>
  sync().then(
    () => "",
    (error: unknown) => String(error),
  );

describe("sync", () => {
  test("gives the snapshot of all pools, and nothing to whoever has it", async () => {
    const { snapshot } = await sync();
    expect(Object.keys(snapshot?.pools["web"] ?? {})).toEqual(["a", "b", "c"]);
    const { reign = "", generation = 0 } = snapshot ?? {};
    expect(reign).toMatch(/^[0-9a-f-]{36}$/);
    expect((await sync({ known: { reign, generation } })).snapshot).toBeNull();
    expect((await sync({ known: { reign: "another", generation } })).snapshot).not.toBeNull();
  });

  test("takes a server out that the front has seen fail, before it answers", async () => {
    await expect.poll(async () => (await look("a"))?.state, { timeout: 5000 }).toBe("UP");
    const { snapshot } = await sync(of("a", { observed: "mark-down" }));
    expect(snapshot?.pools["web"]?.["a"]?.health).toBe("down");
    await expect.poll(async () => (await look("a"))?.state, { timeout: 5000 }).toBe("UP");
    expect(await look("a")).toMatchObject({ downs: 1, failedAnalyses: 1, health: "up" });
  });
});

describe("the prober", () => {
  test("goes on by its alarm, and finds a server down that cannot be reached, and up again", async () => {
    await sync();
    await site.fault({ target: "control", fault: "partition", peers: ["origin-b"] });
    // Nobody reports or looks here: only the alarm can have moved it.
    const bState = async () => / web 2 b \S+ (\d)/.exec(await runtime("show servers state web"))?.[1];
    await expect.poll(bState, { timeout: 5000 }).toBe("0");
    expect(await look("b")).toMatchObject({ state: "DOWN", lastCheck: { status: "L4CON", detail: "partitioned" } });
    await site.clearFaults();
    await expect.poll(bState, { timeout: 5000 }).toBe("2");
    expect((await look("b"))?.upSinceMs).toBeGreaterThan(0);
  });

  test("asks for the path of the configuration, and takes the answer for what it is", async () => {
    await expect
      .poll(async () => (await look("c"))?.lastCheck, { timeout: 5000 })
      .toMatchObject({
        status: "L7OK",
        code: 200,
        description: "Layer7 check passed",
      });
  });

  test("ends without traffic: no checks and no alarms; and the next report wakes it", async () => {
    await sync();
    await expect.poll(() => info("Alarms"), { timeout: 5000 }).toBeGreaterThan(2);
    await site.fault({ target: "control", fault: "clock", ms: limits.checkIdleMs + 1 });
    // The alarm of the last round still goes off; after it there is none.
    let seen: number[] = [];
    const counts = async () => [await info("Checks"), await info("Alarms"), await info("ChecksUnderWay")];
    await expect
      .poll(
        async () => {
          const before = seen;
          seen = await counts();
          return seen.every((count, at) => count === before[at]);
        },
        { timeout: 20_000, interval: 2000 },
      )
      .toBe(true);
    await sync();
    expect((await counts())[0]).toBeGreaterThan(seen[0] ?? Infinity);
  });
});

describe("what is kept when the runtime is killed", () => {
  test("is what an operator wanted, health, reign and generation", async () => {
    await post("web/a/state", { state: "drain", forMs: 60_000 });
    await post("web/c/weight", { weight: 7 });
    const before = (await sync()).snapshot;
    await site.harness.update((options) => options);
    await connect();
    const { snapshot } = await sync();
    expect(snapshot).toEqual(before);
    expect(snapshot?.pools["web"]).toMatchObject({ a: { admin: "drain" }, c: { weight: 7 } });
    await post("web/a/state", { state: "ready" });
    const { server } = await post("web/c/weight", { weight: null });
    expect([server.weight, (await look("a"))?.admin]).toEqual([1, "ready"]);
  });
});

describe("control that is away", () => {
  test("does not answer the front while it is down or cut off from it, and does again afterwards", async () => {
    await site.fault({ target: "control", fault: "down" });
    expect(await refusal()).toContain('control suffers the fault "down"');
    await site.clearFaults();
    await site.fault({ target: "control", fault: "partition", peers: ["front"] });
    expect(await refusal()).toContain('control suffers the fault "partition"');
    await site.clearFaults();
    expect((await sync()).snapshot).not.toBeNull();
  });

  test("is slow as the fault says", async () => {
    await site.fault({ target: "control", fault: "slow", ms: 300 });
    const startMs = performance.now();
    await sync();
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(295);
  });
});
