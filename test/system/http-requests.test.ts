import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Seen } from "../support/mock-origin/seen.ts";
import { mockOrigins } from "../support/mock-origin/workers.ts";
import { startSite, type TestSite } from "../support/site.ts";
import { fieldsIn, head, onWire, type Wire } from "../support/wire.ts";

let site: TestSite;

beforeAll(async () => {
  site = await startSite({ replace: mockOrigins });
});

afterAll(() => site.close());

const bodyOf = ({ text }: Wire) => text.slice(text.indexOf("\r\n\r\n") + 4);
const statusOf = ({ text }: Wire) => Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);

/** What a server saw of a request. */
async function seen(line: string, fields: readonly string[], body = ""): Promise<Seen> {
  const wire = await onWire(site.url, [head(line, [...fields, "Connection: close"]) + body]);
  expect(statusOf(wire)).toBe(200);
  return JSON.parse(bodyOf(wire)) as Seen;
}

/** How many servers saw a request with this id. */
async function runs(id: string): Promise<number> {
  const perServer = ["a", "b", "c"].map(async (server) => {
    const response = await site.worker(`origin-${server}`).fetch(`http://origin.test/mock/seen?id=${id}`);
    return ((await response.json()) as Seen[]).length;
  });
  return (await Promise.all(perServer)).reduce((sum, each) => sum + each, 0);
}

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const made = /^[0-9a-f-]{36}$/;

/** The clause, what it is about, the fields that a client sends, those that a server gets: `null` is none. */
const fieldCases: readonly [string, string, readonly string[], Readonly<Record<string, string | RegExp | null>>][] = [
  ["RFC 9110 7.6.1", "Connection", ["Keep-Alive: timeout=5"], { connection: null, "keep-alive": null }],
  ["RFC 9110 7.6.1", "Proxy-Connection", ["Proxy-Connection: keep-alive"], { "proxy-connection": null }],
  ["RFC 9110 10.1.4", "TE", ["TE: trailers"], { te: null }],
  ["RFC 9110 6.6.2", "Trailer", ["Trailer: X-Checksum"], { trailer: null }],
  ["RFC 9110 7.8", "an upgrade that the front does not do", ["Upgrade: h2c"], { upgrade: null }],
  ["RFC 9110 11.7.2", "Proxy-Authorization", ["Proxy-Authorization: Basic eDp5"], { "proxy-authorization": null }],
  ["RFC 9110 11.7.1", "Proxy-Authenticate", ["Proxy-Authenticate: Basic"], { "proxy-authenticate": null }],
  ["RFC 9110 11.6.2", "Authorization", ["Authorization: Basic eDp5"], { authorization: "Basic eDp5" }],
  ["RFC 9110 7.6.3", "Via", [], { via: "1.1 trefoil" }],
  ["RFC 9110 7.6.3", "Via of a proxy before", ["Via: 1.0 fred"], { via: "1.0 fred, 1.1 trefoil" }],
  [
    "RFC 7239 5.2",
    "Forwarded",
    ["CF-Connecting-IP: 192.0.2.7"],
    { forwarded: /^for=192\.0\.2\.7;host=site\.test;proto=http$/ },
  ],
  ["RFC 7239 6", "Forwarded for IPv6", ["CF-Connecting-IP: 2001:db8::7"], { forwarded: /^for="\[2001:db8::7\]";/ }],
  [
    "RFC 7239 8.1",
    "Forwarded as a client claims",
    ["Forwarded: for=1.1.1.1"],
    { forwarded: /^for="?[\d[][^,]*;host=site\.test;proto=http$/ },
  ],
  [
    "de facto",
    "X-Forwarded-For",
    ["CF-Connecting-IP: 192.0.2.7", "X-Forwarded-For: 1.1.1.1"],
    { "x-forwarded-for": "192.0.2.7" },
  ],
  ["de facto", "X-Real-IP", ["CF-Connecting-IP: 192.0.2.7", "X-Real-IP: 1.1.1.1"], { "x-real-ip": "192.0.2.7" }],
  ["de facto", "X-Forwarded-Host", ["X-Forwarded-Host: evil.test"], { "x-forwarded-host": "site.test" }],
  ["de facto", "X-Forwarded-Proto", [], { "x-forwarded-proto": "http" }],
  ["de facto", "X-Forwarded-Port", ["X-Forwarded-Port: 1"], { "x-forwarded-port": null }],
  ["de facto", "X-Request-Id of a client", ["X-Request-Id: story-7"], { "x-request-id": "story-7" }],
  ["de facto", "X-Request-Id twice", ["X-Request-Id: a", "X-Request-Id: b"], { "x-request-id": made }],
  ["de facto", "X-Request-Id that is not sane", ["X-Request-Id: a b"], { "x-request-id": made }],
  ["W3C Trace Context 3.3", "traceparent", [`traceparent: ${traceparent}`], { traceparent }],
  ["W3C Trace Context 3.3", "tracestate", ["tracestate: a=1", "tracestate: b=2"], { tracestate: "a=1, b=2" }],
  ["RFC 9110 7.6.2", "Max-Forwards of a GET", ["Max-Forwards: 0"], { "max-forwards": "0" }],
  [
    "RFC 9110 5.3",
    "a field on two lines",
    ["X-List: a", "X-Other: 1", "X-List: b"],
    { "x-list": "a, b", "x-other": "1" },
  ],
  ["RFC 9110 5.5", "a field without a value", ["X-Empty:"], { "x-empty": "" }],
  ["RFC 9110 5.5", "space around a value", ["X-Space: \t a b \t"], { "x-space": "a b" }],
  [
    "RFC 9110 12.5.3",
    "Accept-Encoding",
    ["Accept-Encoding: deflate;q=0.5, zstd"],
    { "accept-encoding": "deflate;q=0.5, zstd" },
  ],
  ["RFC 9110 12.5.3", "no Accept-Encoding", [], { "accept-encoding": null }],
  [
    "RFC 9110 14.2",
    "Range and If-Range",
    ["Range: bytes=0-9", 'If-Range: "1"'],
    { range: "bytes=0-9", "if-range": '"1"' },
  ],
  [
    "RFC 9110 13.1",
    "conditions",
    ['If-None-Match: W/"1", "2"', "If-Match: *"],
    { "if-none-match": 'W/"1", "2"', "if-match": "*" },
  ],
  ["RFC 6265 5.4", "Cookie", ["Cookie: a=1; b=x,y"], { cookie: "a=1; b=x,y" }],
  ["RFC 9113 8.2.3", "Cookie on two lines", ["Cookie: a=1; b=x,y", "Cookie: c=2"], { cookie: "a=1; b=x,y; c=2" }],
  ["RFC 9110 10.1.5", "User-Agent", [], { "user-agent": null }],
];

describe("a server gets of the fields of a request what the next hop is to get:", () => {
  it.each(fieldCases)("%s %s", async (_clause, _what, sent, expected) => {
    const fields = new Map((await seen("GET /", sent)).headers);
    for (const [name, value] of Object.entries(expected)) {
      const got = fields.get(name) ?? null;
      if (value instanceof RegExp) expect(got, name).toMatch(value);
      else expect(got, name).toBe(value);
    }
  });
});

describe("a server gets the request itself as it was sent:", () => {
  it.each([
    ["RFC 9110 4.2.3", "GET /a%2Fb%20c;d/?x=%41&y", "/a%2Fb%20c;d/?x=%41&y"],
    ["RFC 9110 4.1", "GET /?", "/?"],
    ["RFC 9112 3.2.2", "GET http://site.test/x", "/x"],
  ])("%s %s", async (_clause, line, path) => {
    expect((await seen(line, [])).url).toBe(`http://site.test${path}`);
  });

  it.each([
    ["9.3.1", "GET"],
    ["9.3.3", "POST"],
    ["9.3.4", "PUT"],
    ["9.3.5", "DELETE"],
    ["9.3.7", "OPTIONS"],
    ["9.1", "PATCH"],
    ["9.1", "PROPFIND"],
  ])("RFC 9110 %s %s", async (_clause, method) => {
    expect((await seen(`${method} /`, ["Content-Length: 0"])).method).toBe(method);
  });

  it.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])(
    "RFC 9110 8.6 a %s with content",
    async (method) => {
      const got = await seen(`${method} /`, ["Content-Length: 5"], "hello");
      expect([got.body, new Map(got.headers).get("content-length")]).toEqual(["hello", "5"]);
    },
  );

  it("RFC 9112 7.1 content in chunks", async () => {
    const body = "5\r\nhello\r\n7;ext=1\r\n, world\r\n0\r\nX-Trailer: 1\r\n\r\n";
    expect((await seen("POST /", ["Transfer-Encoding: chunked"], body)).body).toBe("hello, world");
  });

  it("RFC 9112 6.1 chunks go before Content-Length, and the connection ends after them", async () => {
    const wire = await onWire(site.url, [
      `${head("POST /", ["Content-Length: 3", "Transfer-Encoding: chunked"])}5\r\nhello\r\n0\r\n\r\n`,
    ]);
    expect([(JSON.parse(bodyOf(wire)) as Seen).body, wire.end]).toEqual(["hello", "closed"]);
  });

  it("RFC 9110 9.3.1 the content of a GET has no meaning and is left behind", async () => {
    const got = await seen("GET /", ["Content-Length: 5"], "hello");
    expect([got.body, new Map(got.headers).has("content-length")]).toEqual(["", false]);
  });

  it("RFC 9112 9.3.2 two requests on one connection are two requests", async () => {
    const { text } = await onWire(site.url, [head("GET /one", []) + head("GET /two", ["Connection: close"])]);
    expect([...text.matchAll(/"url":"([^"]+)"/g)].map(([, url]) => url)).toEqual([
      "http://site.test/one",
      "http://site.test/two",
    ]);
  });
});

describe("the front answers itself, and no server hears of it:", () => {
  const answered = async (line: string, fields: readonly string[]) => {
    const id = crypto.randomUUID();
    const wire = await onWire(site.url, [head(line, [...fields, `X-Request-Id: ${id}`, "Connection: close"])]);
    expect(await runs(id)).toBe(0);
    expect(fieldsIn(wire.text).get("x-request-id")).toEqual([id]);
    return { status: statusOf(wire), fields: fieldsIn(wire.text), body: bodyOf(wire) };
  };
  const all = ["GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"];

  it.each([[[]], [["Max-Forwards: 0"]], [["Max-Forwards: 5"]]])("RFC 9110 9.3.8 TRACE %j", async (sent) => {
    const { status, fields } = await answered("TRACE /", [...sent, "Cookie: secret=1"]);
    expect([status, fields.get("allow")]).toEqual([405, all]);
  });

  it("RFC 9110 7.6.2 OPTIONS that may go no further", async () => {
    const { status, fields, body } = await answered("OPTIONS /", ["Max-Forwards: 0"]);
    expect([status, fields.get("allow"), body]).toEqual([204, all, ""]);
    expect(fields.get("proxy-status")).toEqual(["trefoil; error=proxy_internal_response"]);
  });

  it.each(["x", "100-continue, x"])("RFC 9110 10.1.1 Expect: %s", async (expectation) => {
    const { status, fields } = await answered("POST /", [`Expect: ${expectation}`, "Content-Length: 0"]);
    expect([status, fields.get("proxy-status")]).toEqual([417, ["trefoil; error=http_request_error"]]);
  });

  it.each(["livez", "readyz"])("RFC 9110 15.5.6 a method other than GET and HEAD for %s", async (word) => {
    const { status, fields } = await answered(`POST /_trefoil/${word}`, ["Content-Length: 0"]);
    expect([status, fields.get("allow")]).toEqual([405, ["GET, HEAD"]]);
  });
});

it("RFC 9110 7.6.2 takes one from the hops that OPTIONS may still make", async () => {
  expect(new Map((await seen("OPTIONS /", ["Max-Forwards: 3"])).headers).get("max-forwards")).toBe("2");
});

it("RFC 9110 10.1.1 asks for the content of a request that expects it, and says so no further", async () => {
  const fields = ["Expect: 100-continue", "Content-Length: 5", "Connection: close"];
  const wire = await onWire(site.url, [head("POST /", fields), { waitFor: "100 Continue\r\n\r\n" }, "hello"]);
  const got = JSON.parse(wire.text.slice(wire.text.indexOf("{"))) as Seen;
  expect([got.body, new Map(got.headers).has("expect")]).toEqual(["hello", false]);
});

describe("what is no request gets an error and reaches no server:", () => {
  it.each([
    ["RFC 9112 3.2", "no Host", "GET / HTTP/1.1\r\nID\r\n\r\n"],
    ["RFC 9112 3.2", "two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nID\r\n\r\n"],
    ["RFC 9112 5.1", "a space before the colon", "GET / HTTP/1.1\r\nHost: a\r\nID\r\nX-Foo : bar\r\n\r\n"],
    ["RFC 9112 5.2", "a folded line", "GET / HTTP/1.1\r\nHost: a\r\nID\r\nX-Foo: bar\r\n baz\r\n\r\n"],
    [
      "RFC 9112 6.3",
      "two lengths",
      "POST / HTTP/1.1\r\nHost: a\r\nID\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
    ],
    ["RFC 9112 6.3", "a length that is no number", "POST / HTTP/1.1\r\nHost: a\r\nID\r\nContent-Length: x\r\n\r\nxy"],
    [
      "RFC 9112 7.1",
      "a chunk of no size",
      "POST / HTTP/1.1\r\nHost: a\r\nID\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ["RFC 9112 6.1", "a coding that is not known", "POST / HTTP/1.1\r\nHost: a\r\nID\r\nTransfer-Encoding: x\r\n\r\n"],
    ["RFC 9110 9.1", "an unknown method", "FOO / HTTP/1.1\r\nHost: a\r\nID\r\n\r\n"],
    ["RFC 9110 9.1", "a method in small letters", "get / HTTP/1.1\r\nHost: a\r\nID\r\n\r\n"],
    ["RFC 9110 9.3.6", "CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nID\r\n\r\n"],
    ["RFC 9110 9.3.7", "OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\nID\r\n\r\n"],
  ])("%s %s", async (_clause, _what, request) => {
    const id = crypto.randomUUID();
    const wire = await onWire(site.url, [request.replace("ID", `X-Request-Id: ${id}`)], 2000);
    expect(statusOf(wire)).toBeGreaterThanOrEqual(400);
    expect(await runs(id)).toBe(0);
  });

  it("RFC 9112 6.3 garbage after a request is another request, and no good one", async () => {
    const [id, next] = [crypto.randomUUID(), crypto.randomUUID()];
    const request = head("POST /", [`X-Request-Id: ${id}`, "Content-Length: 5"]);
    const { text } = await onWire(site.url, [`${request}helloGARBAGE / HTTP/1.1\r\nX-Request-Id: ${next}\r\n\r\n`]);
    expect([...text.matchAll(/HTTP\/1\.1 (\d)/g)].map(([, digit]) => digit)).toEqual([
      "2",
      expect.stringMatching(/[45]/),
    ]);
    expect([await runs(id), await runs(next)]).toEqual([1, 0]);
  });
});
