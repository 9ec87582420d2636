import { describe, expect, it } from "vitest";
import { type Arrival, forwardRequest, forwardResponse, requestIdOf } from "../../../shared/http/forward.ts";
import { limits } from "../../../shared/kernel/limits.ts";

const arrival: Arrival = {
  method: "GET",
  hasContent: false,
  clientAddress: "192.0.2.7",
  protocol: "https",
  version: "2",
  host: "www.foobar.com:8443",
  requestId: "r-1",
  acceptEncoding: null,
};

function forwarded(fields: Record<string, string>, from = arrival): Headers {
  const headers = new Headers(fields);
  forwardRequest(headers, from);
  return headers;
}

describe("a request to an origin", () => {
  it("says from whom, how and for whom it came, and by which way", () => {
    expect([...forwarded({ Accept: "*/*", Via: "1.0 fred" })]).toEqual([
      ["accept", "*/*"],
      ["forwarded", 'for=192.0.2.7;host="www.foobar.com:8443";proto=https'],
      ["via", "1.0 fred, 2 trefoil"],
      ["x-forwarded-for", "192.0.2.7"],
      ["x-forwarded-host", "www.foobar.com:8443"],
      ["x-forwarded-proto", "https"],
      ["x-real-ip", "192.0.2.7"],
      ["x-request-id", "r-1"],
    ]);
  });

  it("carries nothing that the client claims about it", () => {
    const claims = {
      "X-Forwarded-For": "1.1.1.1",
      "X-Forwarded-Host": "x",
      "X-Forwarded-Port": "1",
      "X-Forwarded-Prefix": "/x",
      "X-Forwarded-Proto": "x",
      "X-Forwarded-Scheme": "x",
      "X-Forwarded-Server": "x",
      "X-Forwarded-Ssl": "on",
      "X-Forwarded-User": "root",
      "X-Client-IP": "1.1.1.1",
      "X-Cluster-Client-IP": "1.1.1.1",
      "True-Client-IP": "1.1.1.1",
      "X-Real-IP": "1.1.1.1",
      "X-Request-Id": "x",
      Forwarded: "for=x",
    };
    expect([...forwarded(claims)]).toEqual([...forwarded({})]);
    const nobody = forwarded(claims, { ...arrival, clientAddress: null });
    for (const name of ["X-Forwarded-For", "X-Real-IP"]) expect(nobody.has(name)).toBe(false);
    expect(nobody.get("Forwarded")).toMatch(/^for=unknown;/);
  });

  it("names an IPv6 address in brackets and quotes (RFC 7239 6)", () => {
    const { host } = { host: "foobar.com" };
    const from = { ...arrival, host, clientAddress: "2001:db8::17" };
    expect(forwarded({}, from).get("Forwarded")).toBe('for="[2001:db8::17]";host=foobar.com;proto=https');
  });

  it("asks for the codings that the client takes, where the edge has put its own in their place", () => {
    const fields = { "Accept-Encoding": "br, gzip" };
    const codings = (acceptEncoding: string | null) =>
      forwarded(fields, { ...arrival, acceptEncoding }).get("Accept-Encoding");
    expect([codings(null), codings(""), codings("gzip;q=0.5")]).toEqual(["br, gzip", null, "gzip;q=0.5"]);
  });

  it("carries the trace and everything else as it came", () => {
    const fields = {
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      tracestate: "a=1",
      Range: "bytes=0-",
    };
    for (const [name, value] of Object.entries(fields)) expect(forwarded(fields).get(name)).toBe(value);
  });

  it("carries it even if the client has it removed by Connection", () => {
    const { clientAddress } = arrival;
    expect(forwarded({ Connection: "X-Forwarded-For, X-Request-Id" }).get("X-Forwarded-For")).toBe(clientAddress);
  });

  it("asks for a WebSocket in the front's own name, and for no other upgrade", () => {
    const handshake = { "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "k" };
    const webSocket = forwarded({ Connection: "keep-alive, Upgrade", Upgrade: "WebSocket", ...handshake });
    expect([webSocket.get("Connection"), webSocket.get("Upgrade"), webSocket.get("Sec-WebSocket-Key")]).toEqual([
      "Upgrade",
      "websocket",
      "k",
    ]);
    expect(forwarded({ Connection: "Upgrade", Upgrade: "h2c" }).has("Upgrade")).toBe(false);
  });
});

describe("a response to the client", () => {
  const answer = () =>
    new Headers({
      "X-Trefoil-Node": "db-2",
      "X-Trefoil-Bookmark": "1",
      "Server-Timing": "db;dur=1",
      "X-Served-By": "me",
      Connection: "X-Own",
      "X-Own": "1",
      ETag: '"1"',
    });

  it("gives nothing away unless it is asked to", () => {
    const headers = answer();
    forwardResponse(headers, 200, null);
    expect([...headers]).toEqual([
      ["etag", '"1"'],
      ["via", "1.1 trefoil"],
    ]);
  });

  it("names the server, the node and the times of all hops where it is asked to", () => {
    const headers = answer();
    forwardResponse(headers, 200, { servedBy: "b", durationMs: 12 });
    expect([...headers]).toEqual([
      ["etag", '"1"'],
      ["server-timing", "db;dur=1, front;dur=12"],
      ["via", "1.1 trefoil"],
      ["x-served-by", "b"],
      ["x-trefoil-bookmark", "1"],
      ["x-trefoil-node", "db-2"],
    ]);
  });
});

it("a response without content states no length (RFC 9110 8.6), any other may", () => {
  const lengthAfter = (status: number) => {
    const headers = new Headers({ "Content-Length": "5" });
    forwardResponse(headers, status, null);
    return headers.get("Content-Length");
  };
  expect([204, 200, 206, 304].map(lengthAfter)).toEqual([null, "5", "5", "5"]);
});

describe("the request id", () => {
  const make = () => "made";

  it("is the client's own in the usual forms", () => {
    for (const id of [
      "0",
      "1f0e8a9c-3d5b-4c6e-9f00-5a1b2c3d4e5f",
      "01ARZ3NDEKTSV4RRFFQ69G5FAV",
      "a+b/c==",
      "Root=1-67891233:x",
      "x".repeat(limits.requestIdLength),
    ])
      expect(requestIdOf(id, make)).toBe(id);
  });

  it("is made where it is absent, too long, or fit to forge a log line or markup", () => {
    for (const id of [null, "", " ", "a b", "a\nb", "<b>", 'a"b', "é", "x".repeat(limits.requestIdLength + 1)])
      expect(requestIdOf(id, make)).toBe("made");
  });
});
