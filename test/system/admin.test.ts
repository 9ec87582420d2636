import { request as httpRequest } from "node:http";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { statusSchema } from "../../shared/admin/status.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { adminToken, startSite, type TestSite } from "../support/site.ts";

let site: TestSite;

beforeAll(async () => {
  site = await startSite();
});

afterAll(() => site.close());

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

describe("everything under /_trefoil/", () => {
  const guarded = [
    "/_trefoil",
    "/_trefoil/",
    "/_trefoil/api/status",
    "/_trefoil/api/faults",
    "/_trefoil/nowhere",
    "/_trefoil/livez/",
    "/_trefoil/metrics",
  ];

  it("is a 401 that asks for Basic and Bearer, whatever the path and the method, without the right credential", async () => {
    const wrong = [
      undefined,
      "Bearer wrong",
      `Bearer ${adminToken}x`,
      "Bearer ",
      basic("admin", "wrong"),
      basic("root", adminToken),
      adminToken,
    ];
    for (const path of guarded)
      for (const method of ["GET", "POST", "DELETE", "OPTIONS"]) {
        const response = await site.fetch(path, { method, redirect: "manual" });
        expect([path, method, response.status]).toEqual([path, method, 401]);
        expect(response.headers.get("WWW-Authenticate")).toMatch(/^Basic realm="Trefoil".*Bearer realm="Trefoil"$/);
        await response.body?.cancel();
      }
    for (const credential of wrong) {
      const headers = credential === undefined ? {} : { Authorization: credential };
      expect([credential, (await site.fetch("/_trefoil/api/status", { headers })).status]).toEqual([credential, 401]);
    }
  });

  it("opens to the admin token as Bearer and as the password of admin", async () => {
    for (const credential of [`Bearer ${adminToken}`, `bearer ${adminToken}`, basic("admin", adminToken)]) {
      const response = await site.fetch("/_trefoil/api/status", { headers: { Authorization: credential } });
      expect(response.status).toBe(200);
    }
  });

  it("opens to nobody where no token is set", async () => {
    const open = await startSite({ adminToken: "" });
    for (const credential of ["Bearer ", "Bearer", "Bearer undefined", basic("admin", ""), basic("admin", "undefined")])
      expect((await open.fetch("/_trefoil/api/status", { headers: { Authorization: credential } })).status).toBe(401);
    expect((await open.fetch("/_trefoil/livez")).status).toBe(200);
    await open.close();
  });

  it("leaves the body of a GET behind: it has no meaning (RFC 9110 9.3.1)", async () => {
    const headers = { Authorization: `Bearer ${adminToken}`, "Content-Length": "4" };
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(new URL("/_trefoil/api/status", site.url), { headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on("error", reject).end("body");
    });
    expect(status).toBe(200);
  });

  it("answers what is not there with one form of problem", async () => {
    const response = await site.admin("/_trefoil/nowhere");
    expect([response.status, await response.json()]).toMatchObject([404, { error: { code: "not-found" } }]);
  });
});

describe("livez and readyz", () => {
  it("need no credential and are one word", async () => {
    expect(await (await site.fetch("/_trefoil/livez")).text()).toBe("alive\n");
    const ready = await site.fetch("/_trefoil/readyz");
    expect([ready.status, await ready.text()]).toEqual([200, "ready\n"]);
  });

  it("readyz is a 503 once no server answers, and a 200 again once one does", async () => {
    for (const target of ["origin-a", "origin-b", "origin-c"]) await site.fault({ target, fault: "down" });
    await expect.poll(readyz, { timeout: 5000 }).toEqual([503, "unready\n"]);
    expect((await site.fetch("/_trefoil/livez")).status).toBe(200);
    await site.clearFaults();
    await expect.poll(readyz, { timeout: 5000 }).toEqual([200, "ready\n"]);
  });

  const readyz = async () => {
    const response = await site.fetch("/_trefoil/readyz");
    return [response.status, await response.text()];
  };
});

describe("the status", () => {
  const status = async () => v.parse(statusSchema, await (await site.admin("/_trefoil/api/status")).json());

  it("shows every server and every node, in the order of the configuration", async () => {
    const { servers, nodes } = await status();
    expect(servers.map(({ name, ok, status: code }) => [name, ok, code])).toEqual([
      ["a", true, 200],
      ["b", true, 200],
      ["c", true, 200],
    ]);
    expect(nodes.map(({ node, role, reachable }) => [node, role, reachable])).toEqual([
      ["db-1", "primary", true],
      ["db-2", "replica", true],
      ["db-3", "replica", true],
    ]);
  });

  it("shows a lost server as such, origin and node, within a bounded time", async () => {
    await site.fault({ target: "server-b", fault: "hang" });
    const startMs = performance.now();
    const { nodes } = await status();
    expect(performance.now() - startMs).toBeLessThan(limits.probeMs + 1000);
    expect(nodes.map(({ reachable }) => reachable)).toEqual([true, false, true]);
    const serving = async () => (await status()).servers.map(({ ok }) => ok);
    await expect.poll(serving, { timeout: 20_000 }).toEqual([true, false, true]);
    expect((await status()).servers[1]).toMatchObject({ state: "DOWN", error: "Layer7 timeout" });
    await site.clearFaults();
    await expect.poll(serving, { timeout: 20_000 }).toEqual([true, true, true]);
  });
});

describe("the page", () => {
  it("shows the way of a request in plain markup, without scripts", async () => {
    const response = await site.admin("/_trefoil/");
    const page = await response.text();
    expect(response.headers.get("Content-Type")).toMatch(/^text\/html/);
    expect(response.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
    for (const name of ["front", "db-1", "db-2", "db-3"]) expect(page).toContain(`<strong>${name}</strong>`);
    expect(page).toContain("All servers are up");
    expect(page).not.toContain("<script");
  });

  it("says what is wrong, in words", async () => {
    await site.fault({ target: "origin-c", fault: "error" });
    const read = async () => (await site.admin("/_trefoil/")).text();
    await expect.poll(read, { timeout: 20_000 }).toContain("Server c is down.");
    const page = await read();
    await site.clearFaults();
    expect(page).toContain("DOWN, 500 in ");
    expect(page).toContain("<strong>origin-c</strong> error");
  });

  it("is found without its last slash", async () => {
    const response = await site.admin("/_trefoil", { redirect: "manual" });
    expect([response.status, response.headers.get("Location")]).toEqual([308, "/_trefoil/"]);
  });
});
