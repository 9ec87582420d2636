import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { limits } from "../../shared/kernel/limits.ts";
import { bugsIn, expectSound, runtimes, total } from "../support/invariants.ts";
import { chunked, close, hello, raw, sender, statuses } from "../support/raw-request.ts";
import { type RawSite, startRawSite } from "../support/raw-site.ts";
import { fieldsIn } from "../support/wire.ts";

/**
 * Headers that no client should send, to the runtime alone: each gets a clean answer and leaves nothing behind. What the
 * fuzz test finds (`request-fuzz.test.ts`) becomes a case here, or in `bad-bodies.test.ts`.
 */

let site: RawSite;

beforeAll(async () => {
  site = await startRawSite(inject("bundles"), inject("balanceBundles"));
});

afterAll(() => site.close());

const { send, statusOf } = sender(() => site);

const get = (fields: readonly string[]) => statusOf("GET /counted HTTP/1.1", fields);

describe("a Host", () => {
  it.each(["site.test", "site.test:", "site.test:8080", "SITE.test", "a_b.test", "[::1]:80", "127.0.0.1"])(
    "of a good form is served: %s",
    async (name) => expect(await get([`Host: ${name}`])).toBe("200"),
  );

  it.each([
    "a b",
    "a/b",
    "a/_trefoil/livez?",
    "a?b",
    "a#b",
    "a\\b",
    "a\tb",
    "user@b",
    "user:word@b",
    "a,b",
    "*.test",
    "a%2fb",
    "a%00b",
    "<b>",
    "a^b",
    "[::1",
    "::1",
    "[x]",
    "a:b",
    "a:99999",
    "a:1:2",
    "1.2.3.4.5",
  ])("of another form is a 400, and no server is blamed for it (RFC 9112 3.2): %s", async (name) => {
    expect(await get([`Host: ${name}`])).toBe("400");
  });

  it("that is not there, is empty or stands twice is a 400 (RFC 9112 3.2)", async () => {
    expect(statuses(await send("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 500))).toEqual(["400*"]);
    expect(await get(["Host:"])).toBe("400*");
    expect(await get(["Host: a", "Host: b"])).toBe("400");
    expect(await get(["Host: a", "Host: a"])).toBe("400");
  });
});

describe("a target", () => {
  const of = (target: string) => statusOf(`GET ${target} HTTP/1.1`);
  /** The length of what stands before the query in a URL. */
  const before = "http://site.test/counted?".length;

  it.each([
    ["http://elsewhere.test/counted", "200"],
    ["http://user:word@site.test/counted", "200"],
    ["ftp://site.test/counted", "200"],
    ["//elsewhere.test/", "200"],
    ["/..//../counted", "200"],
    ["/\\..\\x", "200"],
    ["/%zz%00%0d%0a", "200"],
    ["/counted#x", "200"],
    ["/%5ftrefoil/livez", "200"],
    ["//_trefoil/livez", "200"],
    ["*", "400"],
    ["site.test", "200"],
    ["?x", "400*"],
    ["http://", "400*"],
    ["http://[::1/", "400*"],
    ["/\xff", "400*"],
    ["/<>", "400*"],
    ["/a b", "400*"],
    ["/\x00", "400*"],
  ])("is served or refused: %s", async (target, status) => expect(await of(target)).toBe(status));

  it("may have 16 KiB as a URL, and no byte more", async () => {
    expect(await of(`/counted?${"x".repeat(limits.urlLength - before)}`)).toBe("200");
    expect(await of(`/counted?${"x".repeat(limits.urlLength - before + 1)}`)).toBe("414");
  });

  it("of a megabyte is refused by the runtime", async () => {
    expect(statuses(await send(raw(`GET /?${"x".repeat(100_000)} HTTP/1.1`)))).toEqual(["414*"]);
    expect(statuses(await send(raw(`GET /?${"x".repeat(1_000_000)} HTTP/1.1`)))).toEqual(["431*"]);
  });
});

describe("a method", () => {
  it.each([
    ["PROPFIND", "200"],
    ["PURGE", "200"],
    ["QUERY", "200"],
    ["TRACE", "405"],
    ["get", "501*"],
    ["FOO", "501*"],
    ["PRI", "501*"],
    ["GET,POST", "400*"],
    ["G\x00T", "400*"],
    ["A".repeat(10_000), "501*"],
  ])("is served or refused: %s", async (method, status) =>
    expect(await statusOf(`${method} /counted HTTP/1.1`)).toBe(status),
  );
});

describe("what is no HTTP/1.1", () => {
  it.each([
    ["HTTP/1.0", "GET /counted HTTP/1.0\r\nHost: a\r\n\r\n", "200"],
    ["HTTP/1.0 without Host", "GET /counted HTTP/1.0\r\n\r\n", "400*"],
    ["HTTP/1.0 in chunks", `POST /counted HTTP/1.0\r\nHost: a\r\n${chunked}\r\n\r\n${hello}`, "400*"],
    ["HTTP/0.9", "GET /counted\r\n", "400*"],
    ["HTTP/0.9, said", "GET /counted HTTP/0.9\r\nHost: a\r\n\r\n", "400*"],
    ["HTTP/2.0", "GET /counted HTTP/2.0\r\nHost: a\r\n\r\n", "400*"],
    ["http/1.1", "GET /counted http/1.1\r\nHost: a\r\n\r\n", "400*"],
    ["more after the version", "GET /counted HTTP/1.1 x\r\nHost: a\r\n\r\n", "400*"],
    ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(9), "400*"],
    ["nothing but bytes", "\x00\xff\x00\xff".repeat(99), "400*"],
    ["empty lines before a request", `\r\n\r\n${raw("GET /counted HTTP/1.1", [close])}`, "200"],
    ["lines that end in LF", "GET /counted HTTP/1.1\nHost: a\nConnection: close\n\n", "200"],
  ])("gets an answer: %s", async (_what, request, status) => {
    const wire = await send(request);
    expect([statuses(wire).join(" "), wire.end]).toEqual([status, "closed"]);
  });

  it.each([
    ["nothing", ""],
    ["half a header", "GET /counted HTTP/1.1\r\nHo"],
  ])("gets none when the client ends it there: %s", async (_what, request) => {
    expect(await send(request, 5000, { end: true })).toEqual({ text: "", end: "closed" });
  });
});

describe("fields", () => {
  /** As many bytes, names and values, with those that are sent anyway. */
  const sized = (bytes: number) => {
    const others = ["Host", "site.test", "Connection", "close", "X-A"].join("").length;
    return [`X-A: ${"x".repeat(bytes - others)}`];
  };

  it("may have 64 KiB, and no byte more (RFC 6585 5)", async () => {
    expect(await get(sized(limits.headerBytes))).toBe("200");
    expect(await get(sized(limits.headerBytes + 1))).toBe("431");
    expect(await get(sized(3 * limits.headerBytes))).toBe("431");
    expect(await get(sized(1_000_000))).toBe("431*");
  });

  it("may be 1,000, and 5,000 of one name", async () => {
    expect(await get(Array.from({ length: 1000 }, (_, index) => `X-${index}: y`))).toBe("200");
    expect(await get(Array.from({ length: 5000 }, () => "X-A: y"))).toBe("200");
  });

  it.each([
    ["every sign of a token", "!#$%&'*+-.^_`|~09: 1", "200"],
    ["a name of 60,000", `${"X".repeat(60_000)}: 1`, "200"],
    ["a name of the language", "__proto__: constructor", "200"],
    ["obs-text", "X-A: \x80\xff", "200"],
    ["UTF-8", "X-A: \xf0\x9f\x98\x80", "200"],
    ["a surrogate", "X-A: \xed\xa0\x80", "200"],
    ["tabs and quotes", 'X-A: \t"\\\t"', "200"],
    ["control characters", "X-A: \x01\x7f", "200"],
    ["NUL in a value", "X-A: a\x00b", "400*"],
    ["NUL in a name", "X\x00: b", "400*"],
    ["CR in a value", "X-A: a\rX-B: b", "400*"],
    ["no name", ": b", "400*"],
    ["no colon", "X-A", "400*"],
    ["a space before the colon", "X-A : b", "400*"],
    ["obs-text in a name", "X\xe9: b", "400*"],
    ["a folded line", "X-A: a\r\n b", "400*"],
  ])("are served or refused: %s", async (_what, field, status) => expect(await get([field])).toBe(status));

  it.each([
    "Accept",
    "Accept-Encoding",
    "Authorization",
    "CF-Connecting-IP",
    "Connection",
    "Cookie",
    "Forwarded",
    "Idempotency-Key",
    "Max-Forwards",
    "Range",
    "Upgrade",
    "User-Agent",
    "Via",
    "X-Request-Id",
  ])("that somebody reads may be nonsense: %s", async (name) => {
    for (const value of ["\x80\xff", "\xf0\x9f\x98\x80", '"', ",,;=;,", "x".repeat(50_000), ""])
      expect(await get([`${name}: ${value}`])).toBe("200");
  });

  it.each(["close, x-foo, content-length", "host, cookie, x-request-id", ",,,", '"', "\x80", "a,".repeat(20_000)])(
    "that Connection names go, but for those that a hop needs: %s",
    async (options) => {
      const wire = await send(
        raw("POST /counted HTTP/1.1", [`Connection: ${options}`, "X-Foo: 1", "Content-Length: 5"], "hello"),
        1000,
      );
      expect(statuses(wire)).toEqual(["200"]);
      expect(wire.text).toContain('"body":"hello"');
      expect(wire.text.includes('"x-foo"')).toBe(!options.includes("x-foo"));
    },
  );
});

describe("a cookie for the front", () => {
  const ask = async (cookie: string) => {
    const wire = await send(raw("GET /sticky HTTP/1.1", [`Cookie: ${cookie}`, close]));
    expect(statuses(wire)).toEqual(["200"]);
    const [, sent = null] = /\["cookie","([^"]*)"\]/.exec(wire.text) ?? [];
    return { sent, set: fieldsIn(wire.text).get("set-cookie") ?? [] };
  };

  it.each([
    "TREFOIL_SRV=a",
    "TREFOIL_SRV=a|",
    "TREFOIL_SRV=a||||",
    "TREFOIL_SRV=a|AAAAA|AAAAA",
    "TREFOIL_SRV=a|////////|\xff",
    " TREFOIL_SRV =a",
    "; TREFOIL_SRV=a",
    "TREFOIL_SRV=a; TREFOIL_SRV=b",
    "TREFOIL_SRV=a; ".repeat(4000),
    `TREFOIL_SRV=a${" ".repeat(50_000)}`,
  ])("that names a server binds to it, and no server sees it: %.40s", async (cookie) => {
    expect(await ask(cookie)).toEqual({ sent: null, set: [] });
  });

  it.each([
    "TREFOIL_SRV=",
    "TREFOIL_SRV==a",
    'TREFOIL_SRV="a"',
    "TREFOIL_SRV=%61",
    "TREFOIL_SRV=a\tb",
    "TREFOIL_SRV=\xff\xfe",
    "TREFOIL_SRV=__proto__",
    "TREFOIL_SRV=constructor",
    `TREFOIL_SRV=${"a".repeat(60_000)}`,
    "TREFOIL_SRV=".repeat(5000),
  ])("that names none is replaced, and no server sees it: %.40s", async (cookie) => {
    const { sent, set } = await ask(cookie);
    expect(sent).toBeNull();
    expect(set).toEqual([expect.stringMatching(/^TREFOIL_SRV=[abc]; /)]);
  });

  it.each([
    "TREFOIL_SRV",
    "trefoil_srv=a",
    "XTREFOIL_SRV=a",
    "x=TREFOIL_SRV=a",
    ";".repeat(60_000),
    "a=b; ".repeat(10_000).trimEnd(),
  ])("is none of another name, which goes on as it is: %.40s", async (cookie) => {
    const { sent, set } = await ask(cookie);
    expect([sent, set.length]).toEqual([cookie, 1]);
  });

  it("is found on the last of 4,000 lines", async () => {
    const lines = Array.from({ length: 3999 }, () => "Cookie: a=1");
    const wire = await send(raw("GET /sticky HTTP/1.1", [...lines, "Cookie: TREFOIL_SRV=b", close]));
    expect(wire.text).toContain('"server":"b"');
    expect(wire.text).not.toContain("TREFOIL_SRV");
  });
});

it("CONNECT is a bare 500 of the runtime", async () => {
  const { text } = await send("CONNECT site.test:443 HTTP/1.1\r\nHost: site.test:443\r\n\r\n");
  expect(text).toMatch(/^HTTP\/1\.1 500 [^]*\r\n\r\nInternal Server Error$/);
  expect(bugsIn(site.lines).filter((line) => !runtimes.test(line))).toEqual([]);
});

it("after all that, nobody is on an account, and the counters add up", async () => {
  const statistics = await expectSound(site, ["counted", "sticky"], runtimes);
  expect(total(statistics, "ereq")).toBeGreaterThan(25);
  expect(total(statistics, "hrsp_5xx")).toBe(0);
});
