import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import type { Explanation } from "../../shared/admin/explain.ts";
import type { Servers } from "../../shared/admin/servers.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { mockOrigins } from "../support/mock-origin/workers.ts";
import { startSite, type TestSite } from "../support/site.ts";

let site: TestSite;

beforeAll(async () => {
  site = await startSite({ replace: mockOrigins, bundles: inject("balanceBundles") });
});

afterEach(() => site.clearFaults());
afterAll(() => site.close());

const ask = async (path: string, init?: Parameters<TestSite["fetch"]>[1]) => {
  const response = await site.fetch(path, init);
  await response.text();
  return { status: response.status, servedBy: response.headers.get("X-Served-By") ?? "-", headers: response.headers };
};

/** Who serves `count` new visitors. */
const order = async (path: string, count: number, init?: Parameters<TestSite["fetch"]>[1]) => {
  let names = "";
  for (let turn = 0; turn < count; turn++) names += (await ask(path, init)).servedBy;
  return names;
};

const set = async (server: string, what: "state" | "weight", body: object) => {
  const response = await site.admin(`/_trefoil/api/servers/${server}/${what}`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
  });
  const text = await response.text();
  expect([response.status, text]).toEqual([200, text]);
};

const states = async () => {
  const response = await site.admin("/_trefoil/api/servers");
  const { servers } = (await response.json()) as Servers;
  return new Map(servers.map((each) => [`${each.pool}/${each.name}`, each]));
};

/** What holds within the time in which a change is in force everywhere. */
const soon = <T>(what: () => Promise<T>) => expect.poll(what, { timeout: 2 * limits.snapshotMaxAgeMs, interval: 100 });

/** Neither the front nor the checks reach the server. */
const gone = (target: string) => site.fault({ target, fault: "partition" });

/** Among whom the front chooses: a request that fails on one of them goes to another and does not show it. */
const candidates = async (url: string) => {
  await ask(url);
  const { servers } = (await (await site.admin(`/_trefoil/api/explain?url=${url}`)).json()) as Explanation;
  return servers.flatMap(({ name, isCandidate }) => (isCandidate ? [name] : [])).join("");
};

const bound = { headers: { Cookie: "TREFOIL_SRV=b" } };

describe("an operator's word", () => {
  it("drain: new visitors go elsewhere, those who are bound stay, until the drain's time is over", async () => {
    await set("sticky/b", "state", { state: "drain", forMs: 6000 });
    await soon(() => order("/sticky", 6)).not.toContain("b");
    expect((await ask("/sticky", bound)).servedBy).toBe("b");
    await soon(async () => (await ask("/sticky", bound)).servedBy).not.toBe("b");
    const moved = await ask("/sticky", bound);
    expect(moved.headers.getSetCookie()[0]).toContain(`TREFOIL_SRV=${moved.servedBy}`);
    await set("sticky/b", "state", { state: "ready" });
    await soon(() => order("/sticky", 3)).toContain("b");
  });

  it("maint: nobody gets there, the bound ones get another server and its cookie", async () => {
    await set("sticky/b", "state", { state: "maint" });
    await soon(async () => (await ask("/sticky", bound)).servedBy).not.toBe("b");
    expect(await order("/sticky", 6)).not.toContain("b");
    await set("sticky/b", "state", { state: "ready" });
    await soon(async () => (await ask("/sticky", bound)).servedBy).toBe("b");
  });

  it("weight: another share, down to none", async () => {
    await set("weighted/a", "weight", { weight: 1 });
    await soon(async () => (await order("/weighted", 6)).replaceAll(/[^a]/g, "").length).toBe(2);
    await set("weighted/a", "weight", { weight: 0 });
    await soon(() => order("/weighted", 6)).not.toContain("a");
    expect(await order("/weighted", 6)).toMatch(/^(bc)+b?$|^(cb)+c?$/);
    await set("weighted/a", "weight", { weight: null });
    await soon(async () => (await order("/weighted", 7)).replaceAll(/[^a]/g, "").length).toBe(5);
  });

  it("is not lost with control's memory", async () => {
    await set("weighted/c", "state", { state: "maint" });
    await site.fault({ target: "control", fault: "abort" });
    await site.clearFaults();
    expect((await states()).get("weighted/c")?.state).toBe("MAINT");
    await set("weighted/c", "state", { state: "ready" });
  });
});

describe("checks", () => {
  it("take a server out that fails, and bring it back, and no request is lost meanwhile", async () => {
    await order("/", 3);
    await gone("origin-b");
    await soon(async () => {
      expect((await ask("/")).status).toBe(200);
      return (await states()).get("web/b")?.state;
    }).toBe("DOWN");
    await soon(() => candidates("/")).toBe("ac");
    await site.clearFaults();
    await soon(async () => {
      await ask("/");
      return (await states()).get("web/b")?.state;
    }).toBe("UP");
    await soon(() => order("/", 6)).toContain("b");
  });

  it("leave a POST no dead server: once it is known to be down, none is lost", async () => {
    await order("/", 3);
    await gone("origin-c");
    await soon(async () => {
      await ask("/");
      return (await states()).get("web/c")?.state;
    }).toBe("DOWN");
    await soon(() => candidates("/")).toBe("ab");
    const statuses = new Set<number>();
    for (let turn = 0; turn < 6; turn++) statuses.add((await ask("/", { method: "POST", body: "x" })).status);
    expect([...statuses]).toEqual([200]);
  });

  it("let a backup serve when all others are down", async () => {
    await order("/spare", 2);
    expect(await order("/spare", 4)).toBe("aaaa");
    await gone("origin-a");
    await soon(() => order("/spare", 4)).toBe("bbbb");
    await site.clearFaults();
    await soon(() => order("/spare", 4)).toBe("aaaa");
  });
});

describe("while control is away", () => {
  it("the site goes on with what it knows, and nobody waits for long", async () => {
    await order("/", 3);
    await site.fault({ target: "control", fault: "hang" });
    const until = Date.now() + 2 * limits.snapshotMaxAgeMs;
    while (Date.now() < until) expect((await ask("/")).status).toBe(200);
  });

  it("an operator is told so", async () => {
    await site.fault({ target: "control", fault: "down" });
    expect((await site.admin("/_trefoil/api/servers")).status).toBe(502);
    await site.clearFaults();
    expect((await site.admin("/_trefoil/api/servers")).status).toBe(200);
  });
});

describe("rolling maintenance of all servers, under load", () => {
  it("loses no request, POSTs and bound visitors among them", async () => {
    await order("/", 3);
    let isOver = false;
    const failed: string[] = [];
    const count = { requests: 0 };
    const visit = async (init: Parameters<TestSite["fetch"]>[1], path: string) => {
      while (!isOver) {
        const { status, servedBy } = await ask(path, init);
        count.requests++;
        if (status !== 200) failed.push(`${init?.method ?? "GET"} ${path}: ${status} by ${servedBy}`);
      }
    };
    const visitors = [
      visit({}, "/"),
      visit({ method: "POST", body: "x" }, "/"),
      visit(bound, "/sticky"),
      visit({ ...bound, method: "POST", body: "x" }, "/sticky"),
    ];
    for (const server of ["a", "b", "c"]) {
      for (const pool of ["web", "sticky"]) await set(`${pool}/${server}`, "state", { state: "maint" });
      await new Promise((resolve) => setTimeout(resolve, limits.snapshotMaxAgeMs));
      await gone(`origin-${server}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
      await site.clearFaults();
      for (const pool of ["web", "sticky"]) await set(`${pool}/${server}`, "state", { state: "ready" });
      await soon(() => order("/", 3)).toContain(server);
    }
    isOver = true;
    await Promise.all(visitors);
    expect(failed).toEqual([]);
    expect(count.requests).toBeGreaterThan(100);
  });
});
