import { describe, expect, it } from "vitest";
import { admit } from "../../../shared/http/admission.ts";
import { limits } from "../../../shared/kernel/limits.ts";

const judged = (method: string, fields: Record<string, string>) => {
  const headers = new Headers(fields);
  return [admit({ method, url: "http://site.test/", headerBytes: 0 }, headers), ...headers];
};

describe("an intermediary", () => {
  it("passes no TRACE on, whatever its Max-Forwards (RFC 9110 9.3.8)", () => {
    for (const fields of [{}, { "Max-Forwards": "0" }, { "Max-Forwards": "7" }])
      expect(judged("TRACE", fields)[0]).toBe("trace");
  });

  it("counts the hops of OPTIONS, and is the last one at 0 (7.6.2)", () => {
    expect(judged("OPTIONS", {})).toEqual(["forward"]);
    expect(judged("OPTIONS", { "Max-Forwards": "7" })).toEqual(["forward", ["max-forwards", "6"]]);
    expect(judged("OPTIONS", { "Max-Forwards": "1" })).toEqual(["forward", ["max-forwards", "0"]]);
    expect(judged("OPTIONS", { "Max-Forwards": "0" })[0]).toBe("last-recipient");
  });

  it("ignores Max-Forwards in other methods, and what is no number", () => {
    expect(judged("GET", { "Max-Forwards": "0" })).toEqual(["forward", ["max-forwards", "0"]]);
    for (const field of ["x", "-1", "1.5", "1, 2", "9999999999"])
      expect(judged("OPTIONS", { "Max-Forwards": field })).toEqual(["forward", ["max-forwards", field]]);
  });

  it("has met 100-continue already, and refuses any other expectation (10.1.1)", () => {
    expect(judged("POST", { Expect: "100-Continue" })).toEqual(["forward"]);
    for (const Expect of ["x", "100-continue, x", "100-continue;x=1", ""])
      expect(judged("POST", { Expect })[0]).toBe("unknown-expectation");
  });

  it("takes an address and fields up to their bounds, and no more (RFC 9110 15.5.15, RFC 6585 5)", () => {
    const judge = (urlLength: number, headerBytes: number) =>
      admit({ method: "GET", url: "x".repeat(urlLength), headerBytes }, new Headers());
    expect(judge(limits.urlLength, limits.headerBytes)).toBe("forward");
    expect(judge(limits.urlLength + 1, 0)).toBe("uri-too-long");
    expect(judge(9, limits.headerBytes + 1)).toBe("header-too-large");
  });
});
