import { describe, expect, it } from "vitest";
import { type Arrival, forwardRequest, forwardResponse, requestIdOf } from "../../../shared/http/forward.ts";
import { limits } from "../../../shared/kernel/limits.ts";

const arrival: Arrival = {
  clientAddress: "192.0.2.7",
  protocol: "https",
  host: "www.foobar.com:8443",
  requestId: "r-1",
};

function forwarded(fields: Record<string, string>, from = arrival): Headers {
  const headers = new Headers(fields);
  forwardRequest(headers, from);
  return headers;
}

describe("a request to an origin", () => {
  it("says from whom, how and for whom it came", () => {
    expect([...forwarded({ Accept: "*/*" })]).toEqual([
      ["accept", "*/*"],
      ["x-forwarded-for", "192.0.2.7"],
      ["x-forwarded-host", "www.foobar.com:8443"],
      ["x-forwarded-proto", "https"],
      ["x-request-id", "r-1"],
    ]);
  });

  it("carries nothing that the client claims about it", () => {
    const claims = {
      "X-Forwarded-For": "1.1.1.1",
      "X-Forwarded-Proto": "x",
      "X-Forwarded-Host": "x",
      Forwarded: "for=x",
      "X-Request-Id": "x",
    };
    expect([...forwarded(claims)]).toEqual([...forwarded({})]);
    expect(forwarded(claims, { ...arrival, clientAddress: null }).has("X-Forwarded-For")).toBe(false);
  });

  it("carries it even if the client has it removed by Connection", () => {
    const { clientAddress } = arrival;
    expect(forwarded({ Connection: "X-Forwarded-For, X-Request-Id" }).get("X-Forwarded-For")).toBe(clientAddress);
  });

  it("asks for a WebSocket in the front's own name, and for no other upgrade", () => {
    const webSocket = forwarded({ Connection: "keep-alive, Upgrade", Upgrade: "WebSocket", "Sec-WebSocket-Key": "k" });
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
    forwardResponse(headers, null);
    expect([...headers]).toEqual([["etag", '"1"']]);
  });

  it("names the server, the node and the times of all hops where it is asked to", () => {
    const headers = answer();
    forwardResponse(headers, { servedBy: "b", durationMs: 12 });
    expect([...headers]).toEqual([
      ["etag", '"1"'],
      ["server-timing", "db;dur=1, front;dur=12"],
      ["x-served-by", "b"],
      ["x-trefoil-bookmark", "1"],
      ["x-trefoil-node", "db-2"],
    ]);
  });
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
