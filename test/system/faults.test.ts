import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { faultKinds, faultTargets } from "../../shared/admin/fault.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { startSite, type TestSite } from "../support/site.ts";

const api = "/_trefoil/api/faults";

const targets = faultTargets(["ORIGIN_A", "ORIGIN_B", "ORIGIN_C"]);

let site: TestSite;

beforeAll(async () => {
  site = await startSite();
});

afterAll(() => site.close());

/** Makes it a's turn. */
beforeEach(async () => {
  for (let server = ""; server !== "c";) server = await whoami();
});

afterEach(() => site.clearFaults());

/** Which server answers; the status where none does. */
async function whoami(): Promise<string> {
  const response = await site.fetch("/api/whoami");
  return response.status === 200 ? ((await response.json()) as { origin: string }).origin : String(response.status);
}

async function order(requests: number): Promise<string> {
  const servers = [];
  for (let turn = 0; turn < requests; turn++) servers.push(await whoami());
  return servers.join(" ");
}

const post = (body: unknown) => site.admin(api, { method: "POST", body: JSON.stringify(body) });

describe("the fault API", () => {
  it("lists what was put in force, and nothing once it is cleared", async () => {
    const posted = await post({ target: "db-2", fault: "slow", ms: 5 });
    expect([posted.status, await posted.json()]).toEqual([200, { faults: [{ target: "db-2", fault: "slow", ms: 5 }] }]);
    await site.fault({ target: "origin-a", fault: "down" });
    const listed = await site.admin(api);
    expect(((await listed.json()) as { faults: unknown[] }).faults).toHaveLength(2);
    const cleared = await site.admin(api, { method: "DELETE" });
    expect([cleared.status, await cleared.json()]).toEqual([200, { faults: [] }]);
  });

  it("refuses what it does not know, and names what is allowed", async () => {
    for (const [body, allowed] of [
      [{ target: "origin-z", fault: "down" }, targets],
      [{ target: "origin-a", fault: "tired" }, faultKinds],
    ] as const) {
      const response = await post(body);
      const { error } = (await response.json()) as { error: { code: string; message: string } };
      expect([response.status, error.code]).toEqual([400, "bad-request"]);
      for (const each of allowed) expect(error.message).toContain(each);
    }
    expect((await site.admin(api, { method: "POST", body: "not JSON" })).status).toBe(400);
    expect((await site.admin(api, { method: "POST", body: " ".repeat(limits.adminBodyBytes + 1) })).status).toBe(413);
  });

  it("is the same under every spelling of its address", async () => {
    const body = '{"target":"front","fault":"error"}';
    expect((await site.admin("/_trefoil/api/fault%73", { method: "POST", body })).status).toBe(200);
    expect(await whoami()).toBe("500");
  });

  it("refuses one fault too many", async () => {
    const all = targets.flatMap((target) => ["down", "error", "hang"].map((fault) => ({ target, fault })));
    for (const fault of all.slice(0, limits.faults)) expect((await post(fault)).status).toBe(200);
    expect((await post(all[limits.faults])).status).toBe(503);
    expect((await post(all[0])).status).toBe(200);
  });

  it("refuses a request that a page of another site makes", async () => {
    const init = { method: "POST", body: '{"target":"db-1","fault":"down"}' };
    expect((await site.admin(api, { ...init, headers: { Origin: "https://elsewhere.example" } })).status).toBe(403);
    expect((await site.admin(api, { ...init, headers: { Origin: site.url.origin } })).status).toBe(200);
  });

  it("does not exist where FAULTS is not on", async () => {
    const production = await startSite({ vars: { FAULTS: "off" } });
    const asked = {
      method: "POST",
      body: '{"target":"origin-a","fault":"down"}',
      headers: { "X-Trefoil-Faults": "on" },
    };
    expect((await production.admin(api, asked)).status).toBe(404);
    expect((await production.admin(api)).status).toBe(404);
    await production.close();
  });
});

describe("an origin", () => {
  it("that is down loses its turn to the next one, and gets it back", async () => {
    expect(await order(3)).toBe("a b c");
    await site.fault({ target: "origin-a", fault: "down" });
    expect(await order(4)).toBe("b c b c");
    await site.clearFaults();
    expect(await order(3)).toBe("a b c");
  });

  it("with an error answers 500 for itself", async () => {
    await site.fault({ target: "origin-b", fault: "error" });
    expect(await order(3)).toBe("a 500 c");
  });

  it("that is slow answers after that time", async () => {
    await site.fault({ target: "origin-a", fault: "slow", ms: 300 });
    const startMs = performance.now();
    expect(await whoami()).toBe("a");
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(295);
  });

  it("that hangs answers once it is cleared", async () => {
    await site.fault({ target: "origin-a", fault: "hang" });
    const hanging = whoami();
    expect(await whoami()).toBe("b");
    await site.clearFaults();
    expect(await hanging).toBe("a");
  });

  it("that aborts breaks its answer off in the middle", async () => {
    await site.fault({ target: "origin-a", fault: "abort" });
    const response = await site.fetch("/api/whoami");
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow("terminated");
    expect(await whoami()).toBe("b");
  });

  it("that is cut off from the front loses its turn", async () => {
    await site.fault({ target: "origin-a", fault: "partition", peers: ["front"] });
    expect(await order(4)).toBe("b c b c");
  });

  it("whose answers alone are lost has done its work, so no other server gets a POST", async () => {
    await site.fault({ target: "origin-a", fault: "partition", peers: ["front"], direction: "out" });
    const headers = { "Content-Type": "application/json" };
    const lost = await site.fetch("/api/posts", { method: "POST", headers, body: '{"title":"Lost","body":"x"}' });
    expect([lost.status, lost.headers.has("X-Trefoil-Node")]).toEqual([502, false]);
    const list = await site.fetch("/api/posts", { headers: { "Trefoil-Consistency": "primary" } });
    expect([list.headers.get("X-Served-By"), await list.json()]).toMatchObject(["b", [{ title: "Lost" }]]);
    expect(await order(3)).toBe("c b c");
  });

  it("is lost with its whole server, and the site is gone with the last one", async () => {
    await site.fault({ target: "server-a", fault: "down" });
    expect(await order(2)).toBe("b c");
    await site.fault({ target: "origin-b", fault: "down" });
    await site.fault({ target: "server-c", fault: "down" });
    expect(await whoami()).toBe("503");
  });
});

describe("the front and control", () => {
  it("can always be cleared of their faults", async () => {
    for (const target of ["front", "control"]) await site.fault({ target, fault: "down" });
    expect(await whoami()).toBe("500");
    expect((await site.admin("/_trefoil/api/status")).status).toBe(502);
    expect((await site.fetch("/_trefoil/livez")).status).toBe(200);
    expect((await site.admin(api)).status).toBe(200);
    await site.clearFaults();
    expect(await whoami()).toBe("a");
    expect((await site.admin("/_trefoil/api/status")).status).toBe(200);
  });
});

it("control that hangs is given up in time", async () => {
  await site.fault({ target: "control", fault: "hang" });
  const startMs = performance.now();
  expect((await site.admin("/_trefoil/api/status")).status).toBe(504);
  expect(performance.now() - startMs).toBeLessThan(limits.controlMs + 2000);
});

it("abort of a database node happens once and leaves nothing in force", async () => {
  const response = await post({ target: "db-2", fault: "abort" });
  expect([response.status, await response.json()]).toEqual([200, { faults: [] }]);
  await expect
    .poll(async () => (await site.admin("/_trefoil/api/status")).text(), { timeout: 5000 })
    .not.toContain('"reachable":false');
});
