import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Scripted } from "../support/mock-origin/seen.ts";
import { mockOrigins } from "../support/mock-origin/workers.ts";
import { startSite, type TestSite } from "../support/site.ts";
import { fieldsIn, head, onWire } from "../support/wire.ts";

let site: TestSite;

beforeAll(async () => {
  site = await startSite({ replace: mockOrigins, vars: { FAULTS: "off" } });
});

afterAll(() => site.close());

/** Every server gives this answer; what the client gets of it on the wire. */
async function answered(scripted: Scripted, method = "GET", fields: readonly string[] = []) {
  const query = ["a", "b", "c"].map((server) => `${server}=answer`).join("&");
  const path = `/?${query}&with=${encodeURIComponent(JSON.stringify(scripted))}`;
  const { text, end } = await onWire(site.url, [head(`${method} ${path}`, [...fields, "Connection: close"])]);
  const [line] = text.split("\r\n", 1);
  return {
    line,
    status: Number(line?.split(" ")[1]),
    fields: fieldsIn(text),
    body: text.slice(text.indexOf("\r\n\r\n") + 4),
    end,
  };
}

const date = "Sat, 29 Oct 1994 19:43:31 GMT";

/** The clause, what it is about, the fields that a server sends, those that the client gets: each line apart, none is []. */
const fieldCases: readonly [string, string, Scripted["fields"], Readonly<Record<string, readonly string[]>>][] = [
  [
    "RFC 9110 7.6.1",
    "fields that Connection names",
    [
      ["Connection", "X-Hop, close"],
      ["X-Hop", "1"],
      ["X-Kept", "1"],
    ],
    { "x-hop": [], "x-kept": ["1"] },
  ],
  ["RFC 9110 7.6.1", "Keep-Alive", [["Keep-Alive", "timeout=5"]], { "keep-alive": [] }],
  ["RFC 9110 7.6.1", "Proxy-Connection", [["Proxy-Connection", "close"]], { "proxy-connection": [] }],
  ["RFC 9110 7.8", "Upgrade", [["Upgrade", "h2c"]], { upgrade: [] }],
  ["RFC 9110 6.6.2", "Trailer", [["Trailer", "X-Checksum"]], { trailer: [] }],
  ["RFC 9110 11.7.1", "Proxy-Authenticate", [["Proxy-Authenticate", "Basic"]], { "proxy-authenticate": [] }],
  [
    "RFC 9110 11.7.3",
    "Proxy-Authentication-Info",
    [["Proxy-Authentication-Info", "x=1"]],
    { "proxy-authentication-info": [] },
  ],
  ["RFC 9110 11.6.1", "WWW-Authenticate", [["WWW-Authenticate", "Basic"]], { "www-authenticate": ["Basic"] }],
  ["RFC 9110 7.6.3", "Via", [], { via: ["1.1 trefoil"] }],
  ["RFC 9110 7.6.3", "Via of a proxy before", [["Via", "1.0 fred"]], { via: ["1.0 fred, 1.1 trefoil"] }],
  [
    "RFC 9209 2",
    "Proxy-Status of a proxy before",
    [["Proxy-Status", "fred; error=dns_error"]],
    { "proxy-status": ["fred; error=dns_error"] },
  ],
  [
    "RFC 6265 3",
    "several Set-Cookie",
    [
      ["Set-Cookie", "a=1; Expires=Sat, 29 Oct 1994 19:43:31 GMT"],
      ["Set-Cookie", "b=2"],
    ],
    { "set-cookie": [`a=1; Expires=${date}`, "b=2"] },
  ],
  [
    "RFC 9110 5.3",
    "a field on two lines",
    [
      ["X-List", "a"],
      ["X-List", "b"],
    ],
    { "x-list": ["a", "b"] },
  ],
  ["RFC 9110 6.6.1", "Date of the server", [["Date", date]], { date: [date] }],
  [
    "RFC 9110 8.8",
    "validators",
    [
      ["ETag", 'W/"1"'],
      ["Last-Modified", date],
    ],
    { etag: ['W/"1"'], "last-modified": [date] },
  ],
  ["RFC 9110 10.2.2", "Location", [["Location", "../else?where#x"]], { location: ["../else?where#x"] }],
  ["RFC 9110 10.2.4", "Server", [["Server", "mine/1"]], { server: ["mine/1"] }],
  ["RFC 9110 12.5.5", "Vary", [["Vary", "Accept, Cookie"]], { vary: ["Accept, Cookie"] }],
  [
    "RFC 9111 5",
    "what guides caches",
    [
      ["Cache-Control", "s-maxage=9"],
      ["Age", "7"],
      ["Expires", date],
    ],
    { "cache-control": ["s-maxage=9"], age: ["7"], expires: [date] },
  ],
  ["RFC 9110 14.4", "Content-Range", [["Content-Range", "bytes 0-4/9"]], { "content-range": ["bytes 0-4/9"] }],
  ["RFC 9110 10.2.1", "Allow", [["Allow", "GET, HEAD"]], { allow: ["GET, HEAD"] }],
  [
    "de facto",
    "debug fields where they are off",
    [
      ["X-Served-By", "a"],
      ["X-Trefoil-Node", "db-1"],
      ["Server-Timing", "db;dur=1"],
    ],
    { "x-served-by": [], "x-trefoil-node": [], "server-timing": [] },
  ],
];

describe("a client gets of the fields of a response what is for it:", () => {
  it.each(fieldCases)("%s %s", async (_clause, _what, fields = [], expected) => {
    const got = await answered({ fields, body: "hello" });
    for (const [name, lines] of Object.entries(expected)) expect(got.fields.get(name) ?? [], name).toEqual(lines);
    expect([got.status, got.body]).toEqual([200, "hello"]);
  });
});

it("RFC 9110 6.6.1 a response without a date is given one", async () => {
  const [field] = (await answered({ body: "x" })).fields.get("date") ?? [];
  expect(field).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
  expect(Math.abs(Date.parse(field ?? "") - Date.now())).toBeLessThan(60_000);
});

describe("a client gets the status of the server:", () => {
  it.each([
    200, 201, 202, 203, 206, 207, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410,
    411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503,
    504, 505, 599,
  ])("RFC 9110 15 %i", async (status) => {
    const got = await answered({ status, body: "hello" });
    expect([got.status, got.body]).toEqual([status, "hello"]);
  });

  it.each([204, 205, 304])("RFC 9110 15.3.5, 15.3.6, 15.4.5 %i, and no content", async (status) => {
    const got = await answered({ status, fields: [["ETag", '"1"']] });
    expect([got.status, got.body, got.fields.get("etag"), got.end]).toEqual([status, "", ['"1"'], "closed"]);
    expect(got.fields.has("transfer-encoding")).toBe(false);
  });

  it("RFC 9110 8.6 204 with no Content-Length, whatever the server says", async () => {
    expect((await answered({ status: 204, fields: [["Content-Length", "5"]] })).fields.has("content-length")).toBe(
      false,
    );
  });
});

describe("HEAD (RFC 9110 9.3.2)", () => {
  it("is answered as GET is, without content", async () => {
    const scripted = {
      fields: [
        ["ETag", '"1"'],
        ["Content-Type", "text/plain"],
        ["Content-Length", "5"],
      ],
      body: "hello",
    } as const;
    const [headed, got] = [await answered(scripted, "HEAD"), await answered(scripted)];
    expect([headed.status, headed.body, got.body]).toEqual([200, "", "hello"]);
    for (const name of ["etag", "content-type", "content-length", "via"])
      expect(headed.fields.get(name), name).toEqual(got.fields.get(name));
  });

  it.each([404, 500])("is answered %i without content as well", async (status) => {
    const got = await answered({ status, body: "hello" }, "HEAD");
    expect([got.status, got.body]).toEqual([status, ""]);
  });

  it("is told of the front's own errors without content", async () => {
    const { text } = await onWire(site.url, [head("HEAD /?a=throw&b=throw&c=throw", ["Connection: close"])]);
    expect(text).toMatch(/^HTTP\/1\.1 503 /);
    expect(text.slice(text.indexOf("\r\n\r\n") + 4)).toBe("");
  });
});

describe("content", () => {
  it("that is whole states its length (RFC 9112 6.2)", async () => {
    const got = await answered({ body: "hello" });
    expect([got.fields.get("content-length"), got.fields.get("transfer-encoding")]).toEqual([["5"], undefined]);
  });

  it("of nothing is nothing", async () => {
    const got = await answered({ body: "" });
    expect([got.fields.get("content-length"), got.body]).toEqual([["0"], ""]);
  });

  it("is passed on in the coding that the server chose (RFC 9110 8.4)", async () => {
    const response = await fetch(new URL("/?a=gzip&b=gzip&c=gzip", site.url), {
      headers: { "Accept-Encoding": "gzip" },
    });
    expect([response.headers.get("Content-Encoding"), await response.text()]).toEqual(["gzip", "hello, ".repeat(100)]);
  });

  it("is passed on to the bit, whatever it is", async () => {
    const bytes = gzipSync("hello, ".repeat(100));
    const path = "/?a=echo-body&b=echo-body&c=echo-body";
    const response = await fetch(new URL(path, site.url), { method: "POST", body: bytes });
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it("beyond its stated length is an error of the server, and none of it is passed on (RFC 9112 6.3)", async () => {
    const got = await answered({ fields: [["Content-Length", "3"]], body: "hello" });
    expect(got.body).not.toContain("hel");
    expect(got.status).toBe(503);
  });

  it("short of its stated length is one as well", async () => {
    const got = await answered({ fields: [["Content-Length", "9"]], body: "hello" });
    expect([got.status, got.body.includes("hello")]).toEqual([503, false]);
  });
});
