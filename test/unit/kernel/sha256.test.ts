import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../../shared/kernel/sha256.ts";

const nodes = (text: string) => createHash("sha256").update(Buffer.from(text, "utf16le").swap16()).digest("hex");

describe("SHA-256", () => {
  it("of nothing is what FIPS 180-4 says", () => {
    expect(sha256("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it("is Node's, for every length about that of a few blocks", () => {
    for (let length = 0; length <= 200; length++)
      expect(sha256("\u{feff}".repeat(length))).toBe(nodes("\u{feff}".repeat(length)));
  });

  it("is Node's, whatever the text", () => {
    const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 300, size: "max" });
    fc.assert(
      fc.property(units, (each) => {
        const text = String.fromCharCode(...each);
        expect(sha256(text)).toBe(nodes(text));
      }),
    );
  });
});
