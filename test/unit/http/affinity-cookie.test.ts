import { describe, expect, it } from "vitest";
import { dropAffinityCookie, setAffinityCookie, takeAffinityCookie } from "../../../shared/http/affinity-cookie.ts";

const taken = (cookie?: string) => {
  const headers = new Headers(cookie === undefined ? {} : { Cookie: cookie });
  return [takeAffinityCookie(headers), headers.get("Cookie")];
};

describe("the cookie that names the server is taken out of the request (HAProxy: indirect)", () => {
  it.each([
    ["TREFOIL_SRV=b", "b", null],
    ["TREFOIL_SRV=b; x=1", "b", "x=1"],
    ["x=1; TREFOIL_SRV=b", "b", "x=1"],
    ["x=1;TREFOIL_SRV=b;y=2", "b", "x=1;y=2"],
    ["TREFOIL_SRV=b; TREFOIL_SRV=c", "b", null],
    ["TREFOIL_SRV=b ; x=1", "b", "x=1"],
    ["x=1; TREFOIL_SRV \t=b", "b", "x=1"],
    ["TREFOIL_SRV; x=1", null, "TREFOIL_SRV; x=1"],
    ["x=y,TREFOIL_SRV=b", null, "x=y,TREFOIL_SRV=b"],
    ["TREFOIL_SRV=b; list=1,2", "b", "list=1,2"],
    ["TREFOIL_SRV=", "", null],
    ["x=TREFOIL_SRV=b", null, "x=TREFOIL_SRV=b"],
    ["MY_TREFOIL_SRV=b", null, "MY_TREFOIL_SRV=b"],
    ["TREFOIL_SRVX=b", null, "TREFOIL_SRVX=b"],
    ["x=1", null, "x=1"],
  ])("%s", (cookie, server, others) => {
    expect(taken(cookie)).toEqual([server, others]);
  });

  it("is not there in a request without cookies", () => {
    expect(taken()).toEqual([null, null]);
  });
});

const answer = (fields: Record<string, string> = {}) => new Headers(fields);

describe("the cookie that binds a visitor", () => {
  it("stands beside the cookies of the server, and takes the place of one with its name", () => {
    const headers = answer();
    for (const cookie of ["x=1; Path=/", "TREFOIL_SRV=evil; Path=/", "TREFOIL_SRV =evil", "y=2"])
      headers.append("Set-Cookie", cookie);
    dropAffinityCookie(headers);
    setAffinityCookie(headers, { server: "b", lastMs: null, firstMs: null }, "GET", true);
    const own = "TREFOIL_SRV=b; Path=/; HttpOnly; SameSite=Lax; Secure";
    expect(headers.getSetCookie()).toEqual(["x=1; Path=/", "y=2", own]);
  });

  it("goes over TLS only where the visitor came over TLS", () => {
    const headers = answer();
    setAffinityCookie(headers, { server: "b", lastMs: null, firstMs: null }, "GET", false);
    expect(headers.get("Set-Cookie")).not.toContain("Secure");
  });

  it.each([
    ["GET", { "Cache-Control": "max-age=60" }, "max-age=60, private"],
    ["HEAD", { ETag: '"1"' }, "private"],
    ["GET", { "Last-Modified": "Sat, 29 Oct 1994 19:43:31 GMT" }, "private"],
    ["GET", { Expires: "Sat, 29 Oct 1994 19:43:31 GMT" }, "private"],
    ["GET", {}, null],
    ["POST", { "Cache-Control": "max-age=60" }, "max-age=60"],
  ] as const)("is kept by no shared cache (HAProxy: nocache): %s %j", (method, fields, cacheControl) => {
    const headers = answer(fields);
    setAffinityCookie(headers, { server: "b", lastMs: null, firstMs: null }, method, false);
    expect(headers.get("Cache-Control")).toBe(cacheControl);
  });
});
