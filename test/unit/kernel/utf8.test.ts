import fc from "fast-check";
import { expect, test } from "vitest";

import { decodeUtf8, encodeUtf8 } from "../../../shared/kernel/utf8.ts";

test("well-formed text comes back as it was, a byte order mark at its head included", () => {
  expect(decodeUtf8(encodeUtf8("\ufefftrefoil \u{1f340}\0"))).toBe("\ufefftrefoil \u{1f340}\0");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(decodeUtf8(encodeUtf8(text))).toBe(text);
    }),
  );
});

test("a lone surrogate becomes U+FFFD: whoever must keep such text keeps its bytes", () => {
  expect(decodeUtf8(encodeUtf8("a\ud800b"))).toBe("a\ufffdb");
});

test.each([
  ["a byte that begins nothing", [0x61, 0xff]],
  ["a sequence that is cut off", [0xf0, 0x9f, 0x8d]],
  ["a longer form than is needed", [0xc0, 0x80]],
  ["a surrogate", [0xed, 0xa0, 0x80]],
])("bytes with %s are no text", (_, bytes) => {
  expect(decodeUtf8(new Uint8Array(bytes))).toBeUndefined();
});
