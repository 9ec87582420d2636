import { expect, it } from "vitest";
import { readSite } from "../../shared/config/site.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { noPool } from "../../shared/telemetry/counters.ts";
import { Counters } from "../../workers/control/counters.ts";

const servers = [{ name: "a", binding: "A" }];
const site = (...pools: string[]) =>
  readSite({
    routes: [{ path: "/", pool: "web" }],
    pools: Object.fromEntries(pools.map((name) => [name, { servers }])),
  });

/** A storage in memory that counts the rows written. */
function openStorage() {
  const rows = new Map<string, unknown>();
  let written = 0;
  const kv = {
    get: <T>(key: string) => structuredClone(rows.get(key)) as T | undefined,
    put(key: string, value: unknown) {
      written++;
      rows.set(key, structuredClone(value));
    },
    delete: (key: string) => rows.delete(key),
    list: <T>({ prefix = "" } = {}) => [...rows].filter(([key]) => key.startsWith(prefix)) as [string, T][],
  } satisfies SyncKvStorage;
  return { kv, rows, written: () => written };
}

const report = (stot: number) => ({
  isolate: "test",
  sequence: 1,
  known: null,
  pools: {},
  counters: { web: { frontend: { stot }, backend: { stot }, servers: { a: { stot } } } },
  rates: {},
});

const requests = (counters: Counters) => counters.read("web", 0).servers.get("a")?.counts.stot;

it("writes a row for each pool and one for what belongs to none, once a minute, and none while nothing is told", () => {
  const { kv, rows, written } = openStorage();
  const counters = new Counters(kv, site("web", "api"));
  const hourMs = 3_600_000;
  for (let nowMs = 0; nowMs < hourMs; nowMs += 1000) counters.count(report(1), nowMs);
  expect([...rows.keys()]).toEqual(["totals/web", "totals/api", `totals/${noPool}`]);
  expect(written()).toBe((3 * hourMs) / limits.countersStoreMs);
  counters.keep(hourMs);
  const all = written();
  for (let nowMs = hourMs; nowMs < 2 * hourMs; nowMs += 1000) counters.keep(nowMs);
  expect(written()).toBe(all);
});

it("writes the first report of a life at once, and at the next occasion after a minute what came since", () => {
  const { kv } = openStorage();
  const counters = new Counters(kv, site("web"));
  const stored = () => requests(new Counters(kv, site("web")));
  counters.count(report(5), 0);
  expect(stored()).toBe(5);
  counters.count(report(2), 1000);
  counters.keep(limits.countersStoreMs - 1);
  expect(stored()).toBe(5);
  counters.keep(limits.countersStoreMs);
  expect(stored()).toBe(7);
});

it("counts anew when it is told to, also after a restart", () => {
  const { kv } = openStorage();
  const counters = new Counters(kv, site("web"));
  counters.count(report(5), 0);
  counters.clear("all", 1);
  expect(requests(counters)).toBe(0);
  expect(requests(new Counters(kv, site("web")))).toBe(0);
});

it("drops the rows of pools that the site no longer has", () => {
  const { kv, rows } = openStorage();
  new Counters(kv, site("web", "api")).count(report(5), 0);
  expect(requests(new Counters(kv, site("web")))).toBe(5);
  expect([...rows.keys()]).toEqual(["totals/web", `totals/${noPool}`]);
});
