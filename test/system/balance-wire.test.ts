import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import type { Explanation } from "../../shared/admin/explain.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { type RawSite, startRawSite } from "../support/raw-site.ts";
import { adminToken } from "../support/site.ts";
import { head, onWire } from "../support/wire.ts";

/** What the dev tooling before a front keeps from it: that a client has gone, and the field `Connection`. */

let site: RawSite;

beforeAll(async () => {
  site = await startRawSite(inject("bundles"), inject("balanceBundles"));
});

afterAll(() => site.close());

/** Requests at each server of the pool whose servers take one at a time, and those that wait. */
const loads = async () => {
  const headers = { Authorization: `Bearer ${adminToken}` };
  const response = await fetch(new URL("/_trefoil/api/explain?url=/narrow", site.url), { headers });
  const { servers, waiting } = (await response.json()) as Explanation;
  return [...servers.map(({ load }) => load), waiting];
};

/** A client who is gone, as a browser is at the edge. One that only closes its end of a connection may still read. */
const visit = async (request: string) => {
  const socket = connect(Number(site.url.port), site.url.hostname);
  socket.on("error", () => undefined).on("data", () => undefined);
  socket.write(request);
  await sleep(300);
  socket.resetAndDestroy();
};

const everywhere = (behaviour: string) => ["a", "b", "c"].map((name) => `${name}=${behaviour}`).join("&");

const webSocket = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  `Sec-WebSocket-Key: ${"A".repeat(22)}==`,
];

it.each([
  ["before the header", "slow", []],
  ["in the midst of a body, before a server that says nothing more", "stall", []],
  ["in the midst of a body, before one that goes on for ever", "large", []],
  ["after an event", "silent-events", []],
  ["before the 101", "slow-socket", webSocket],
  ["after the 101", "socket", webSocket],
])("clients who leave leave their places: %s", async (_when, behaviour, fields) => {
  const request = head(`GET /narrow?${everywhere(behaviour)}&ms=600&bytes=2000000000`, fields);
  await Promise.all(Array.from({ length: 5 }, () => visit(request)));
  await expect.poll(loads, { timeout: 10_000 }).toEqual([0, 0, 0, 0]);
});

it("a client who leaves a route with a long deadline leaves his place before the runtime ends the request", async () => {
  const startMs = Date.now();
  await visit(head("GET /narrow/patient?a=slow&b=slow&c=slow&ms=60000", []));
  expect(Math.max(...(await loads()))).toBe(1);
  await expect.poll(loads, { timeout: 28_000 }).toEqual([0, 0, 0, 0]);
  expect(Date.now() - startMs).toBeGreaterThanOrEqual(limits.orphanMs);
});

it("does not send a POST again whose key goes no further than the front", async () => {
  const fields = ["Connection: close, Idempotency-Key", 'Idempotency-Key: "one"', "Content-Length: 1"];
  const statuses: string[] = [];
  for (let turn = 0; turn < 3; turn++)
    statuses.push((await onWire(site.url, [`${head("POST /keyed?a=throw", fields)}x`])).text.slice(9, 12));
  expect(statuses.toSorted()).toEqual(["200", "200", "502"]);
});

it.each([
  ["a redirect", "/old/x", 308],
  ["a failure", `/once?${everywhere("throw")}`, 503],
])("has told control within two seconds of an answer that no server gave: %s", async (_what, path, status) => {
  const name = path.startsWith("/old") ? "_trefoil/FRONTEND" : "once/FRONTEND";
  const counted = async () => (await site.statistics())[name]?.["stot"] ?? "0";
  const before = Number(await counted());
  expect((await fetch(new URL(path, site.url), { redirect: "manual" })).status).toBe(status);
  await expect.poll(counted, { timeout: 3000 }).toBe(String(before + 1));
});
