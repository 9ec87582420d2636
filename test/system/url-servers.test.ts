import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { afterAll, beforeAll, expect, it } from "vitest";
import { serversSchema } from "../../shared/admin/servers.ts";
import { npmStart, type Running } from "../support/npm-start.ts";
import { type PlainSeen, type PlainServer, startPlainServer } from "../support/plain-server.ts";
import { askRaw } from "../support/raw-http.ts";
import { copyTree } from "../support/tree.ts";
import { cookieOf } from "../support/visitor.ts";

/** Servers that are no Workers: the example `examples/url-servers`, with other ports. */

const names = ["one", "two", "three"] as const;
const file = "examples/url-servers/site.config.ts";

let servers: PlainServer[];
let folder: string;
let site: Running;
let kill: (() => void) | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "trefoil-url-"));
  servers = await Promise.all(names.map((name) => startPlainServer(name)));
  const tree = copyTree(folder);
  const example = readFileSync(tree + file, "utf8");
  writeFileSync(
    tree + file,
    servers.reduce((text, { port }, index) => text.replace(`:900${index + 1}"`, `:${port}"`), example),
  );
  site = await npmStart(`${tree}.wrangler/state`, { SITE_CONFIG: file }, (end) => (kill = end), tree);
}, 120_000);

afterAll(async () => {
  await site.stop("SIGTERM");
  kill?.();
  await Promise.all(servers.map((server) => server.die()));
  rmSync(folder, { recursive: true });
});

const send = (path: string, init?: RequestInit) => fetch(new URL(path, site.url), { redirect: "manual", ...init });

const ask = async (path: string, init?: RequestInit) => {
  const response = await send(path, init);
  return { status: response.status, headers: response.headers, seen: (await response.json()) as PlainSeen };
};

/** How many of the next requests each server answers. */
const spread = async (requests: number) => {
  const counts: Record<string, number> = {};
  for (let turn = 0; turn < requests; turn++) {
    const { status, seen } = await ask("/");
    expect(status).toBe(200);
    counts[seen.server] = (counts[seen.server] ?? 0) + 1;
  }
  return counts;
};

/** What the checks say of each server. */
const states = async () => {
  const response = await send("/_trefoil/api/servers", { headers: { Authorization: `Bearer ${site.token}` } });
  const { servers: all } = v.parse(serversSchema, await response.json());
  return Object.fromEntries(all.map(({ name, state, lastCheck }) => [name, `${state} ${lastCheck?.status}`]));
};

it("get requests in turns, with all that belongs to them", async () => {
  expect(await spread(9)).toEqual({ one: 3, two: 3, three: 3 });
  const { seen } = await ask("/a/b%20c?d=e&f", { method: "POST", body: "a text", headers: { "X-Own": "kept" } });
  expect(seen).toMatchObject({ method: "POST", url: "/a/b%20c?d=e&f", body: "a text" });
  expect(seen.headers).toMatchObject({ "x-own": "kept", "x-forwarded-proto": "http", via: "1.1 trefoil" });
});

it("know the site's host from X-Forwarded-Host: Host is their own", async () => {
  const { body } = await askRaw(new URL(site.url), { path: "/", headers: { Host: "www.example.test" } });
  const { headers, server } = JSON.parse(body.toString()) as PlainSeen;
  const port = servers[names.indexOf(server as "one")]?.port;
  expect([headers["x-forwarded-host"], headers["host"]]).toEqual(["www.example.test", `127.0.0.1:${port}`]);
});

it("get them on connections that are kept", async () => {
  const before = servers.reduce((sum, { connections }) => sum + connections, 0);
  await spread(30);
  expect(servers.reduce((sum, { connections }) => sum + connections, 0) - before).toBeLessThan(6);
});

it("lead the client elsewhere by their redirects, which are not followed on the way", async () => {
  const { status, headers } = await send("/redirect");
  expect([status, headers.get("Location")]).toEqual([302, "/elsewhere"]);
});

it("have failed when they answer with a status that there is not", async () => {
  expect((await send("/odd", { method: "POST" })).status).toBe(502);
});

it("take and give streams as they come", async () => {
  const { body } = await send("/stream", { headers: { "Accept-Encoding": "identity" } });
  const parts: string[] = [];
  for await (const part of body ?? []) parts.push(Buffer.from(part).toString());
  expect(parts).toEqual(["first, ", "second, ", "third"]);
  const sent = ReadableStream.from(["one, ", "two, ", "three"]).pipeThrough(new TextEncoderStream());
  const { seen } = await ask("/", { method: "POST", body: sent, duplex: "half" });
  expect(seen.body).toBe("one, two, three");
});

it("speak WebSocket", async () => {
  const socket = new WebSocket(`${site.url.replace("http", "ws")}/socket`);
  const message = await new Promise((resolve, reject) => {
    socket.addEventListener("open", () => socket.send("hello"));
    socket.addEventListener("message", ({ data }) => resolve(data));
    socket.addEventListener("error", () => reject(new Error("no WebSocket")));
  });
  expect(message).toBe("hello");
  socket.close();
});

it("keep the visitors who are bound to them", async () => {
  const { headers, seen } = await ask("/");
  expect(cookieOf({ headers })).toBe(`TREFOIL_SRV=${seen.server}`);
  for (let turn = 0; turn < 4; turn++)
    expect((await ask("/", { headers: { Cookie: "TREFOIL_SRV=two" } })).seen.server).toBe("two");
});

it("are checked at their URLs: one that dies is left out, and is back when it answers again", async () => {
  await expect.poll(states).toEqual({ one: "UP L7OK", two: "UP L7OK", three: "UP L7OK" });
  await servers[1]?.die();
  expect(Object.keys(await spread(9)).toSorted()).toEqual(["one", "three"]);
  await expect.poll(states, { timeout: 20_000 }).toMatchObject({ one: "UP L7OK", two: "DOWN L4CON" });
  // A POST is not sent again, so it shows that nothing is sent to the dead server any more.
  const post = () => send("/", { method: "POST", body: "x", headers: { Cookie: "TREFOIL_SRV=two" } });
  await expect.poll(async () => (await post()).status, { timeout: 20_000 }).toBe(200);
  expect(cookieOf(await post())).toMatch(/^TREFOIL_SRV=(one|three)$/);
  await servers[1]?.comeBack();
  await expect.poll(states, { timeout: 20_000 }).toMatchObject({ two: "UP L7OK" });
  await expect.poll(() => spread(9), { timeout: 20_000 }).toEqual({ one: 3, two: 3, three: 3 });
});
