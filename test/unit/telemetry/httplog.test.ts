import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { present } from "../../../shared/kernel/assert.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import type { Exchange } from "../../../shared/telemetry/exchange.ts";
import { httplog } from "../../../shared/telemetry/httplog.ts";
import {
  causes,
  phases,
  requestCookies,
  responseCookies,
  terminationOf,
} from "../../../shared/telemetry/termination.ts";
import { exchangeWith } from "../../support/exchange.ts";
import { halog, readLog } from "../../support/judges.ts";

const load = { total: 5, pool: 2, server: 1 };
const line = (parts: Partial<Exchange> = {}) => httplog(exchangeWith(parts), load);

describe("a line of the log", () => {
  it("is as HAProxy's", () => {
    expect(line({ queueMs: 3, totalMs: 16 })).toBe(
      "192.0.2.7:0 [24/Nov/2026:14:03:59.046] web web/a 0/3/0/12/16 200 72 - - --NI 5/2/2/1/0 0/0 {6f1c-2} " +
        '"GET /posts?page=2 HTTP/1.1"',
    );
  });

  it("says with -1 how far a request did not come, and that no server had it", () => {
    const unserved = { server: null, status: 503, queueMs: null, responseMs: null, totalMs: 0, termination: "SC--" };
    expect(line(unserved)).toContain(" web/<NOSRV> 0/-1/-1/-1/0 503 72 - - SC-- ");
    expect(line({ status: 504, responseMs: null, termination: "sH--" })).toContain(" web/a 0/0/0/-1/13 504 72 ");
    expect(line({ status: null, responseMs: null })).toContain(" -1 72 ");
    expect(line({ pool: null, server: null })).toContain(" _trefoil _trefoil/<NOSRV> ");
    expect(line({ clientAddress: null })).toMatch(/^-:0 /);
  });

  it("says how often it was sent again, and with a plus that another server got it", () => {
    expect(line({ retries: 1 })).toContain(" 5/2/2/1/1 ");
    expect(line({ retries: 2, isRedispatched: true })).toContain(" 5/2/2/1/+2 ");
  });

  it("says with a plus that the body was still on its way", () => {
    expect(line({ isOver: false, bytesOut: null })).toContain(" 200 +0 - - ");
  });

  it("writes as #XX what could end the line or a part of it, as HAProxy does", () => {
    expect(line({ target: '/a"b#c{d}|e%22é\u0001\n' })).toContain(' "GET /a#22b#23c{d}|e%22#C3#A9#01#0A HTTP/1.1"');
    expect(line({ requestId: 'ab"c#{d}|é' })).toContain(" {ab#22c#23#7Bd#7D#7C#C3#A9} ");
  });

  it("is one line of printable signs, whatever a client sent", () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab {}|#"\\\r\n\0é\u2028😀') });
    fc.assert(
      fc.property(text, text, text, (method, target, requestId) => {
        expect(line({ method, target, requestId })).toMatch(/^[\x20-\x7e]+ \{[^{}|"]*\} "[^"]*"$/);
      }),
    );
  });

  it("cuts the request off where HAProxy does", () => {
    const longest = "a".repeat(limits.logRequestLength - "GET /".length);
    expect(line({ target: `/${longest}` })).toContain(`"GET /${longest} HTTP/1.1"`);
    expect(line({ target: `/${longest}b?secret` })).toContain(`"GET /${longest}"`);
  });
});

it("has HAProxy's characters for each end", () => {
  const all = [causes, phases, requestCookies, responseCookies].map((each) => Object.values(each));
  expect(all.map((each) => each.join(""))).toEqual(["-CcSsPLRIDK", "-RQCHDL", "-NIDVEO", "-NIUD"]);
  expect(
    terminationOf({ cause: "server-timeout", phase: "header", requestCookie: "valid", responseCookie: "none" }),
  ).toBe("sHVN");
});

const reason = halog === null ? " (skipped: this machine has no halog)" : "";

describe.skipIf(halog === null)(`HAProxy's own reader of its log${reason}`, () => {
  const ends = [
    {},
    { server: "b", responseMs: 30, totalMs: 40 },
    { isOver: false, bytesOut: null },
    { clientAddress: "2001:db8::7" },
    { clientAddress: null },
    { retries: 2, isRedispatched: true, termination: "--DI" },
    { server: null, status: 503, queueMs: null, responseMs: null, termination: "SC--" },
    { server: null, status: 503, queueMs: null, responseMs: null, termination: "RQ--" },
    { status: 504, responseMs: null, termination: "sH--" },
    { status: null, responseMs: null, termination: "CH--" },
    { pool: null, server: null, status: 400, queueMs: null, responseMs: null, termination: "PR--" },
    { target: `/${"a".repeat(5000)}` },
    { target: '/"#\u0001é' },
  ] satisfies Partial<Exchange>[];
  const lines = ends.map((parts) => `Nov 24 14:03:59 lb haproxy[1]: ${line(parts)}`);
  const read = (option: string) => readLog(present(halog, "halog"), option, lines);
  const counts = (output: string) => output.trimEnd().split("\n").toSorted();

  it.each(["-srv", "-st", "-tc", "-ut", "-pct", "-cc", "-ic"])("reads every line: %s", async (option) => {
    expect((await read(option)).errors).toBe(0);
  });

  it("finds in them what is there", async () => {
    expect(counts((await read("-st")).output)).toEqual(["-1 1", "200 8", "400 1", "503 2", "504 1"]);
    expect(counts((await read("-tc")).output)).toEqual(["-- 8", "CH 1", "PR 1", "RQ 1", "SC 1", "sH 1"]);
    expect((await read("-srv")).output).toContain("web/b 0 1 0 0 0 0 1 1 100.0 0 30\n");
  });
});
