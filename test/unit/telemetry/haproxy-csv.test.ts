import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ServerDetail } from "../../../shared/admin/servers.ts";
import { readSite } from "../../../shared/config/site.ts";
import { present } from "../../../shared/kernel/assert.ts";
import { type CountersDelta, noPool } from "../../../shared/telemetry/counters.ts";
import { columns, haproxyCsv, type PoolStats, statsRows } from "../../../shared/telemetry/haproxy-csv.ts";
import { Totals } from "../../../shared/telemetry/totals.ts";
import { deltas } from "../../support/deltas.ts";
import { haproxy, startHaproxy } from "../../support/haproxy.ts";
import { serverWith } from "../../support/server-detail.ts";

const names = ["a", "b", "c"];
const site = (pool: object = {}) =>
  readSite({ pools: { web: { servers: names.map((name) => ({ name, binding: name.toUpperCase() })), ...pool } } });

const nowMs = 100_000;

/** The CSV of a pool whose isolates counted this, read again: by server, then by column. */
function csvOf(counted: readonly CountersDelta[], servers: readonly ServerDetail[], pool: object = {}) {
  const config = present(site(pool).pools["web"], "the pool");
  const totals = new Totals({ web: names });
  counted.forEach((delta, index) => totals.absorb(`isolate ${index}`, delta, nowMs - 5000));
  const stats: PoolStats = { name: "web", config, totals: present(totals.read("web", nowMs), "web"), servers };
  const outside = present(totals.read(null, nowMs), "those without a pool").frontend;
  return haproxyCsv(statsRows(outside, [stats], nowMs));
}

const texts = new Set(
  ["pxname", "svname", "status", "check_status", "last_chk", "check_desc", "mode"].map((each) => columns.indexOf(each)),
);

/** RFC 4180, as strictly as it says; lines end with a line feed. */
function parse(csv: string): string[][] {
  const lines: string[][] = [];
  const cells: string[] = [];
  const end = [...csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))([,\n])/gy)].reduce(
    (at, [whole, inQuotes, plain, sign]) => {
      cells.push(inQuotes?.replaceAll('""', '"') ?? plain ?? "");
      if (sign === "\n") lines.push(cells.splice(0));
      return at + whole.length;
    },
    0,
  );
  expect([end, cells]).toEqual([csv.length, []]);
  return lines;
}

function rowsOf(csv: string): Record<string, Record<string, string>> {
  const [, ...lines] = parse(csv);
  return Object.fromEntries(
    lines.map((cells) => {
      const row = Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ""]));
      return [`${row["pxname"]}/${row["svname"]}`, row];
    }),
  );
}

const row = (name: string, ...args: Parameters<typeof csvOf>) => present(rowsOf(csvOf(...args))[`web/${name}`], name);

/** What HAProxy 2.6.12 has in a row that is up, checked, and was asked, over HTTP. */
const inHaproxy = {
  FRONTEND:
    "pxname svname scur smax slim stot bin bout dreq dresp ereq status pid iid sid type rate rate_lim rate_max hrsp_1xx " +
    "hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other req_rate req_rate_max req_tot comp_in comp_out comp_byp comp_rsp " +
    "mode conn_rate conn_rate_max conn_tot intercepted dcon dses wrew cache_lookups cache_hits eint",
  a:
    "pxname svname qcur qmax scur smax stot bin bout dresp econ eresp wretr wredis status weight act bck chkfail chkdown " +
    "lastchg downtime pid iid sid lbtot type rate rate_max check_status check_code check_duration hrsp_1xx hrsp_2xx " +
    "hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other req_tot cli_abrt srv_abrt lastsess qtime ctime rtime ttime check_desc " +
    "check_rise check_fall check_health mode wrew connect reuse srv_icur qtime_max ctime_max rtime_max ttime_max eint " +
    "idle_conn_cur safe_conn_cur used_conn_cur need_conn_est uweight",
  BACKEND:
    "pxname svname qcur qmax scur smax slim stot bin bout dreq dresp econ eresp wretr wredis status weight act bck chkdown " +
    "lastchg downtime pid iid sid lbtot type rate rate_max hrsp_1xx hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other " +
    "req_tot cli_abrt srv_abrt comp_in comp_out comp_byp comp_rsp lastsess qtime ctime rtime ttime mode wrew connect " +
    "reuse cache_lookups cache_hits qtime_max ctime_max rtime_max ttime_max eint uweight agg_server_status " +
    "agg_server_check_status agg_check_status",
};

/** What no isolate knows: a limit over all of them; and of a backend, when it went down and came back. */
const unknown = { FRONTEND: ["slim"], a: [], BACKEND: ["slim", "chkdown", "lastchg", "downtime"] };

const up = names.map((name) => serverWith({ name }));

describe("HAProxy's CSV", () => {
  it("begins with the names of the columns, and ends each line with a comma", () => {
    const [header, ...lines] = csvOf([], up).split("\n");
    expect(header).toBe(`# ${columns.join(",")},`);
    expect([columns.length, columns[0], columns[32], columns[102]]).toEqual([
      103,
      "pxname",
      "type",
      "agg_check_status",
    ]);
    expect(lines.pop()).toBe("");
    for (const line of lines) expect([line.at(-1), line.split(",").length]).toEqual([",", 104]);
  });

  it("has a frontend, the servers and a backend for each pool, after a frontend for what got to none", () => {
    const rows = Object.keys(rowsOf(csvOf([], up)));
    expect(rows).toEqual([`${noPool}/FRONTEND`, "web/FRONTEND", "web/a", "web/b", "web/c", "web/BACKEND"]);
  });

  it.each(["FRONTEND", "a", "BACKEND"] as const)(
    "has a value in %s where HAProxy has one, and nowhere else",
    (name) => {
      const found = row(name, [], up, { observe: null });
      const filled = columns.filter((column) => found[column] !== "");
      expect(filled).toEqual(
        inHaproxy[name].split(" ").filter((column) => !unknown[name].some((each) => each === column)),
      );
    },
  );

  it("can be read, whatever was counted and whatever a server said", () => {
    const detail = fc.string({ unit: fc.constantFrom(..."ab ,;'\"\r\n\0é"), maxLength: 20 }).map((text) =>
      serverWith({
        lastCheck: { status: "L4CON", code: null, durationMs: 1, description: "", detail: text, atMs: 0 },
      }),
    );
    fc.assert(
      fc.property(fc.array(deltas, { maxLength: 4 }), detail, (counted, server) => {
        const rows = parse(csvOf(counted, [server])).slice(1);
        expect(rows.map((cells) => cells.length)).toEqual([104, 104, 104, 104]);
        const numbers = rows.flatMap((cells) => cells.filter((_, index) => !texts.has(index)));
        expect(numbers.filter((cell) => !/^(\d*|-1)$/.test(cell))).toEqual([]);
        expect(rows[2]?.[56]).toBe(server.lastCheck?.detail);
      }),
    );
  });

  it("says what was counted", () => {
    const counts = { stot: 7, bin: 70, bout: 700, lbtot: 6, hrsp_2xx: 5, hrsp_5xx: 2, wredis: 1, timed: 2, rtime: 5 };
    const web = { frontend: counts, backend: counts, servers: { a: { ...counts, scur: 2, smax: 3, rtime_max: 4 } } };
    const a = row("a", [{ web }, { web }], up);
    expect(a).toMatchObject({ stot: "14", bin: "140", bout: "1400", lbtot: "12", hrsp_2xx: "10", hrsp_5xx: "4" });
    expect(a).toMatchObject({ wredis: "2", rtime: "3", rtime_max: "4", scur: "4", smax: "6", connect: "14" });
    expect(a).toMatchObject({ lastsess: "5", type: "2", sid: "1", iid: "2", check_status: "L7OK", check_code: "200" });
    expect(row("b", [{ web }], up)).toMatchObject({ stot: "0", lastsess: "-1", sid: "2" });
    expect(row("FRONTEND", [{ web }], up)).toMatchObject({ stot: "7", req_tot: "7", conn_tot: "7", status: "OPEN" });
    expect(row("BACKEND", [{ web }], up)).toMatchObject({
      connect: "7",
      status: "UP",
      act: "3",
      bck: "0",
      weight: "3",
    });
  });

  it("says how a server stands, and leaves the fields of checks empty in maintenance as HAProxy does", () => {
    const maint = serverWith({ state: "MAINT", admin: "maint", changedAtMs: nowMs - 7999, downMs: 7999, downs: 1 });
    expect(row("a", [], [maint])).toMatchObject({ status: "MAINT", lastchg: "7", downtime: "7", chkdown: "1" });
    expect(row("a", [], [maint])).toMatchObject({ check_status: "", check_desc: "", check_rise: "", check_health: "" });
    const drain = serverWith({ state: "DRAIN", admin: "drain", backup: true });
    expect(row("a", [], [drain])).toMatchObject({ status: "DRAIN", act: "0", bck: "1", check_status: "L7OK" });
    expect(row("a", [], [serverWith({ checks: null, lastCheck: null, state: "no check" })])).toMatchObject({
      status: "no check",
      chkfail: "",
      check_status: "",
    });
    expect(row("a", [], [serverWith({ lastCheck: null })])).toMatchObject({ check_status: "INI", check_duration: "" });
  });

  it("has of a server's weight what its slow start gives it, and says how much that is", () => {
    const server = serverWith({ weight: 100, upSinceMs: nowMs - 5000 });
    expect(row("a", [], [server], { slowStartMs: 10_000 })).toMatchObject({
      uweight: "100",
      throttle: "56",
      weight: "57",
    });
    expect(row("a", [], [server], { slowStartMs: 5000 })).toMatchObject({
      uweight: "100",
      throttle: "",
      weight: "100",
    });
  });

  it("counts for the backend those servers that take new visitors", () => {
    const servers = [
      serverWith({ name: "a", admin: "drain", weight: 10 }),
      serverWith({ name: "b", health: "down", weight: 20 }),
      serverWith({ name: "c", weight: 40, backup: true }),
    ];
    expect(row("BACKEND", [], servers)).toMatchObject({ status: "UP", act: "0", bck: "1", weight: "40" });
    expect(row("BACKEND", [], servers.slice(0, 2))).toMatchObject({ status: "DOWN", act: "0", bck: "0", weight: "0" });
  });

  it("says the limit of a server, which is that of each isolate", () => {
    const pool = { servers: [{ name: "a", binding: "A", maxconn: 20 }] };
    expect(row("a", [], [serverWith()], pool)).toMatchObject({ slim: "20" });
  });
});

const reason = haproxy === null ? " (skipped: this machine has no HAProxy)" : "";

it.skipIf(haproxy === null)(`has the columns of a real HAProxy, in its order${reason}`, async () => {
  const running = await startHaproxy(present(haproxy, "HAProxy"), {
    web: { algorithm: "roundrobin", servers: { a: "" } },
  });
  const [header = ""] = (await running.command("show stat")).split("\n");
  await running.close();
  expect(header.split(",").slice(0, 104)).toEqual(["# pxname", ...columns.slice(1), "-"]);
});
