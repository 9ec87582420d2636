import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { limits } from "../../shared/kernel/limits.ts";
import { expectSound, runtimes, total } from "../support/invariants.ts";
import { chunked, close, hello, raw, sender, statuses } from "../support/raw-request.ts";
import { type RawSite, startRawSite } from "../support/raw-site.ts";
import { sendFirst } from "../support/wire.ts";

/**
 * Bodies that no client should send, to the runtime alone, and clients that leave: each gets a clean answer, none becomes another
 * request on its way, and nothing is left behind.
 */

let site: RawSite;

beforeAll(async () => {
  site = await startRawSite(inject("bundles"), inject("balanceBundles"));
});

afterAll(() => site.close());

const { send, statusOf } = sender(() => site);

const post = (fields: readonly string[], body: string, path = "/counted") =>
  statusOf(`POST ${path} HTTP/1.1`, fields, body);

describe("a length or a coding of a body", () => {
  it.each([
    ["the same length twice", ["Content-Length: 5", "Content-Length: 5"], "hello", "200"],
    ["a length with zeros before it", ["Content-Length: 005"], "hello", "200"],
    ["two lengths", ["Content-Length: 5", "Content-Length: 6"], "hello", "400*"],
    ["a list of lengths", ["Content-Length: 5, 5"], "hello", "400*"],
    ["a length with a sign", ["Content-Length: +5"], "hello", "400*"],
    ["a negative length", ["Content-Length: -5"], "hello", "400*"],
    ["a hexadecimal length", ["Content-Length: 0x5"], "hello", "400*"],
    ["no length", ["Content-Length:"], "hello", "400*"],
    ["a length beyond 64 bits", ["Content-Length: 99999999999999999999"], "hello", "400*"],
    ["chunks and a length", ["Content-Length: 3", chunked], hello, "200"],
    ["a length and chunks", [chunked, "Content-Length: 3"], hello, "200"],
    ["chunks twice", [chunked, chunked], hello, "200"],
    ["chunks of chunks", ["Transfer-Encoding: chunked, chunked"], hello, "200"],
    ["chunks in capitals", ["Transfer-Encoding: CHUNKED"], hello, "200"],
    ["almost chunks", ["Transfer-Encoding: xchunked"], hello, "400*"],
    ["chunks in quotes", ['Transfer-Encoding: "chunked"'], hello, "400*"],
    ["chunks after a vertical tab", ["Transfer-Encoding:\x0bchunked"], hello, "400*"],
    ["chunks before a colon after a space", ["Transfer-Encoding : chunked"], hello, "400*"],
    ["chunks on a folded line", ["Transfer-Encoding:\r\n chunked"], hello, "400*"],
    ["chunks that are not last", ["Transfer-Encoding: chunked, identity"], hello, "400*"],
    ["no coding", ["Transfer-Encoding:"], hello, "400*"],
  ])("is taken or refused: %s", async (_what, fields, body, status) => expect(await post(fields, body)).toBe(status));

  it.each([
    ["an extension", '5;a=b;c="d\\"e"\r\nhello\r\n0\r\n\r\n', "200"],
    ["a size with zeros before it", `${"0".repeat(15)}5\r\nhello\r\n0\r\n\r\n`, "200"],
    ["a trailer that is no trailer", "5\r\nhello\r\n0\r\nContent-Length: 9\r\nX-Request-Id: x\r\n\r\n", "200"],
    ["an extension of 20,000", `5;${"a".repeat(20_000)}\r\nhello\r\n0\r\n\r\n`, "400"],
    ["extensions of a megabyte", `${`1;${"a".repeat(1000)}\r\nx\r\n`.repeat(1000)}0\r\n\r\n`, "400"],
    ["a size beyond 64 bits", "FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", "400"],
    ["a negative size", "-5\r\nhello\r\n0\r\n\r\n", "400"],
    ["a size with 0x", "0x5\r\nhello\r\n0\r\n\r\n", "400"],
    ["no size", "\r\nhello\r\n0\r\n\r\n", "400"],
    ["LF after a size", "5\nhello\r\n0\r\n\r\n", "400"],
    ["LF after an extension", "5;a=b\nhello\r\n0\r\n\r\n", "400"],
    ["no line end after a chunk", "5\r\nhelloX0\r\n\r\n", "400"],
    ["a trailer that is no field", "5\r\nhello\r\n0\r\nno field\r\n\r\n", "400"],
    ["10,000 trailers", `5\r\nhello\r\n0\r\n${"X-T: y\r\n".repeat(10_000)}\r\n`, "400"],
    ["a trailer of a megabyte", `5\r\nhello\r\n0\r\nX-T: ${"y".repeat(1_000_000)}\r\n\r\n`, "400"],
  ])("in chunks is taken or refused: %s", async (_what, body, status) =>
    expect(await post([chunked], body)).toBe(status),
  );

  it("in chunks with a length, too, is as long as the chunks say", async () => {
    const long = `c8\r\n${"x".repeat(200)}\r\n0\r\n\r\n`;
    expect(await post(["Content-Length: 10", chunked], long, "/small")).toBe("413");
    expect(await post(["Content-Length: 100000", chunked], hello, "/small")).toBe("200");
  });

  it("may be too long by far", async () => {
    expect(await post(["Content-Length: 9223372036854775807"], "hello", "/small")).toBe("413");
  });
});

describe("a WebSocket that the runtime would refuse, or not see the end of", () => {
  const version = "Sec-WebSocket-Version: 13";
  const key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
  const upgrade = ["Connection: Upgrade", "Upgrade: websocket"];

  it.each([
    ["no version", "GET", [key]],
    ["another version", "GET", ["Sec-WebSocket-Version: 99", key]],
    ["no key", "GET", [version]],
    ["a POST", "POST", [version, key, "Content-Length: 0"]],
    ["a HEAD", "HEAD", [version, key]],
    ["content", "GET", [version, key, "Content-Length: 5"], "hello"],
    ["content in chunks", "GET", [version, key, chunked], hello],
  ])("is a request without one to the server (RFC 9110 7.8): %s", async (_what, method, fields, body = "") => {
    const wire = await send(
      raw(`${method} /counted?a=socket&b=socket&c=socket HTTP/1.1`, [...upgrade, ...fields], body),
      500,
    );
    expect(statuses(wire)).toEqual(["426"]);
  });

  it("is none whose frames are garbage: it is closed", async () => {
    const request = raw("GET /counted?a=socket&b=socket&c=socket HTTP/1.1", [...upgrade, version, key]);
    const wire = await send(request, 10_000, { waitFor: "\r\n\r\n" }, "\xff".repeat(99));
    expect(wire.text).toMatch(/^HTTP\/1\.1 101 /);
    expect(wire.end).not.toBe("open");
  });
});

describe("several requests on a connection", () => {
  const smuggled = `GET /counted HTTP/1.1\r\nHost: site.test\r\nX-Request-Id: smuggled\r\n\r\n`;
  const filled = (bytes: number) => smuggled.padEnd(bytes, "x");
  const next = raw("GET /counted HTTP/1.1", ["X-Request-Id: next", close]);

  it.each([
    ["content of a GET", raw("GET /counted HTTP/1.1", ["Content-Length: 99"], filled(99)), ["200", "200"]],
    ["content of a HEAD", raw("HEAD /counted HTTP/1.1", ["Content-Length: 99"], filled(99)), ["200", "200"]],
    ["content of a TRACE", raw("TRACE /counted HTTP/1.1", ["Content-Length: 99"], filled(99)), ["405", "200"]],
    ["of a bad Host", raw("POST /counted HTTP/1.1", ["Host: a/b", "Content-Length: 99"], filled(99)), ["400", "200"]],
    ["of one that is redirected", raw("POST /old HTTP/1.1", ["Content-Length: 99"], filled(99)), ["308", "200"]],
    ["that is too long", raw("POST /small HTTP/1.1", ["Content-Length: 150"], filled(150)), ["413", "200"]],
    [
      "that is too long, in chunks",
      raw("POST /small HTTP/1.1", [chunked], `96\r\n${filled(150)}\r\n0\r\n\r\n`),
      ["413", "200"],
    ],
    [
      "that nobody reads",
      raw("POST /counted?a=leave-body&b=leave-body&c=leave-body HTTP/1.1", ["Content-Length: 99"], filled(99)),
      ["200", "200"],
    ],
  ])("are two, whatever the content of the first one: %s", async (_what, first, expected) => {
    const before = (await site.seen("next")).length;
    expect(statuses(await send(first + next))).toEqual(expected);
    expect((await site.seen("next")).length).toBe(before + 1);
    expect(await site.seen("smuggled")).toEqual([]);
  });

  it("are one when a length and chunks part them in different places: the connection ends after it (RFC 9112 6.1)", async () => {
    const body = `0\r\n\r\n${smuggled}`;
    const wire = await send(raw("POST /counted HTTP/1.1", [`Content-Length: ${body.length}`, chunked], body) + next);
    expect([statuses(wire), wire.end]).toEqual([["200"], "closed"]);
    expect(await site.seen("smuggled")).toEqual([]);
  });

  it.each(["drip", "events", "large&bytes=200000", "sized"])(
    "are two when the first one has content that it should not have, in chunks, and its answer comes in parts: %s",
    async (how) => {
      const first = raw(`GET /counted?a=${how}&b=${how}&c=${how} HTTP/1.1`, [chunked], hello);
      const wire = await send(first + next);
      expect([statuses(wire), wire.end]).toEqual([["200", "200"], "closed"]);
    },
  );

  it("are answered in their order, 100 at once", async () => {
    const requests = Array.from({ length: 100 }, (_, index) => raw(`GET /counted?n=${index} HTTP/1.1`));
    const { text } = await send(requests.join("") + next);
    expect([...text.matchAll(/\?n=(\d+)/g)].map(([, index]) => Number(index))).toEqual(
      requests.map((_, index) => index),
    );
  });

  it("are as many as there are: garbage after the last one is a 400", async () => {
    const wire = await send(`${raw("POST /counted HTTP/1.1", ["Content-Length: 5"], "hello")}\x00GARBAGE\r\n\r\n`);
    expect(statuses(wire)).toEqual(["200", "400*"]);
  });
});

describe("a body that stalls or breaks", () => {
  const head = (length: number, path = "/counted") => raw(`POST ${path} HTTP/1.1`, [`Content-Length: ${length}`]);

  it.each([
    ["held", head(9)],
    ["streamed", head(limits.replayBodyBytes + 1)],
    ["in chunks", raw("POST /counted HTTP/1.1", [chunked], "9\r\n")],
    ["to a route that takes less", head(1000, "/small")],
  ])("because its client has gone leaves nothing behind: %s", async (_how, request) => {
    const wire = await send(`${request}half`, 5000, { end: true });
    expect(statuses(wire).every((status) => status.startsWith("4"))).toBe(true);
    await send(`${request}half`, 200);
  });

  it("is a 408 after idleMs, and no server is blamed for it", async () => {
    for (const length of [9, limits.replayBodyBytes + 1])
      expect(statuses(await send(`${head(length, "/impatient")}half`))).toEqual(["408"]);
    const served = new Set<string>();
    for (let turn = 0; turn < 6; turn++) {
      const { text } = await send(raw("GET /impatient HTTP/1.1", [close]));
      served.add(/"server":"(.)"/.exec(text)?.[1] ?? text);
    }
    expect([...served].toSorted()).toEqual(["a", "b", "c"]);
  });
});

describe("a request that is refused before its body is read", () => {
  it.each([
    ["a bad Host", "POST /counted HTTP/1.1", ["Host: a/b"], 400],
    ["TRACE", "TRACE /counted HTTP/1.1", [], 405],
    ["an expectation", "POST /counted HTTP/1.1", ["Expect: x"], 417],
    ["a long URL", `POST /counted?${"x".repeat(limits.urlLength)} HTTP/1.1`, [], 414],
    ["a large header", "POST /counted HTTP/1.1", [`X-A: ${"x".repeat(limits.headerBytes)}`], 431],
    ["a redirect", "POST /old HTTP/1.1", [], 308],
    ["no credential", "POST /_trefoil/api/faults HTTP/1.1", [], 401],
    ["a word", "POST /_trefoil/livez HTTP/1.1", [], 405],
    ["a body that is too long", "POST /small HTTP/1.1", [], 413],
    ["the content of a GET", "GET /counted HTTP/1.1", [], 200],
  ])("is answered, however much is still to come: %s", async (_what, line, fields, status) => {
    for (const length of [1000, 60_000, limits.replayBodyBytes + 1, 5_000_000]) {
      const request = raw(line, [...fields, `Content-Length: ${length}`, close], "x".repeat(length));
      expect(await sendFirst(site.url, request), `${length} bytes`).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    }
  });
});

describe("a client that leaves while a server takes its time", () => {
  it.each(["slow", "slow-socket"])("leaves nothing behind: %s", async (how) => {
    const fields = [
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ];
    const request = raw(`GET /counted?a=${how}&b=${how}&c=${how}&ms=800 HTTP/1.1`, fields);
    expect((await send(request, 200)).text).toBe("");
  });
});

it("after all that, nobody is on an account, the counters add up, and nothing was smuggled", async () => {
  const statistics = await expectSound(site, ["counted", "small", "impatient"], runtimes);
  expect(total(statistics, "ereq")).toBeGreaterThan(15);
  expect(total(statistics, "hrsp_5xx")).toBe(0);
  expect(await site.seen("smuggled")).toEqual([]);
});
