import { describe, expect, it } from "vitest";
import { openClientKey } from "../../../shared/http/client-key.ts";

const request = (clientAddress: string | null, fields: Record<string, string> = {}) => ({
  clientAddress,
  pathname: "/posts/7",
  fields: new Headers(fields),
});

describe("the key of a client", () => {
  it.each([
    ["source", request("192.0.2.7"), "192.0.2.7"],
    ["source", request("2001:db8::7"), "2001:db8:0:0:0:0:0:0/64"],
    ["source", request(null), ""],
    ["uri", request("192.0.2.7"), "/posts/7"],
    ["header:X-User", request("192.0.2.7", { "X-User": "ann" }), "ann"],
    ["header:X-User", request("192.0.2.7"), ""],
    ["cookie:who", request("192.0.2.7", { Cookie: "a=b; who = ann; who=ben" }), "ann"],
    ["cookie:who", request("192.0.2.7"), ""],
  ])("by %s is what it says of the request", (spec, from, key) => {
    expect(openClientKey(spec)(from)).toBe(key);
  });

  it("takes as much of an IPv6 address as it is told", () => {
    expect(openClientKey("source", 128)(request("2001:db8::7"))).toBe("2001:db8:0:0:0:0:0:7/128");
  });
});
