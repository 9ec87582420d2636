import { describe, expect, it } from "vitest";
import { acceptsCoding, chooseCoding } from "../../../shared/http/content-coding.ts";

describe("the coding for Accept-Encoding (RFC 9110 12.5.3)", () => {
  it.each([
    [null, null],
    ["", null],
    ["gzip", "gzip"],
    ["br", "br"],
    ["gzip, br", "br"],
    ["gzip, deflate, br, zstd", "br"],
    ["gzip;q=1.0, br;q=0.9", "gzip"],
    ["br;q=0, gzip", "gzip"],
    ["br;q=0, gzip;q=0", null],
    ["br;q=0.000", null],
    ["gzip;q=0.001", "gzip"],
    ["identity", null],
    ["identity;q=1, br;q=0.5", null],
    ["identity;q=0.5, br;q=0.5", "br"],
    ["identity;q=0.5, gzip;q=0.9", "gzip"],
    ["identity;q=0", null],
    ["*", "br"],
    ["*;q=0", null],
    ["br;q=0, *", "gzip"],
    ["gzip;q=0.5, *;q=0.1", "gzip"],
    ["gzip;q=0.5, *", "br"],
    ["identity, *;q=0.5", null],
    ["x-gzip", "gzip"],
    ["GZIP", "gzip"],
    ["deflate, zstd", null],
    [" gzip ; q=0.5 ,, br ; q=0.4", "gzip"],
    ["gzip;q=5", "gzip"],
  ])("%j is %s", (field, coding) => expect(chooseCoding(field, ["br", "gzip"])).toBe(coding));

  it("is one that there is", () => {
    expect(chooseCoding("br, gzip;q=0.1", ["gzip"])).toBe("gzip");
    expect(chooseCoding("br", ["gzip"])).toBeNull();
    expect(chooseCoding("*", [])).toBeNull();
    expect(chooseCoding("gzip;q=0.5, *", ["gzip"])).toBeNull();
  });

  it.each([
    ["gzip", true],
    ["br;q=0.1", true],
    ["*", true],
    ["", false],
    ["identity", false],
    ["gzip;q=0", false],
    ["zstd", false],
  ])("%j lets something on the way compress: %s", (field, accepts) => expect(acceptsCoding(field)).toBe(accepts));

  it("is found in linear time, whatever a client sends", () => {
    const startedMs = performance.now();
    for (const text of [
      ",".repeat(100_000),
      "a;".repeat(100_000),
      ' "'.repeat(50_000),
      `gzip;q="${"\\".repeat(100_000)}`,
    ])
      chooseCoding(text, ["br", "gzip"]);
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });
});
