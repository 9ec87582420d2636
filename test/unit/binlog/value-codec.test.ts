import fc from "fast-check";
import { expect, test } from "vitest";

import { ByteReader, ByteWriter } from "../../../shared/binlog/bytes.ts";
import { readValue, writeValue } from "../../../shared/binlog/value-codec.ts";
import { anyValue } from "../../support/changes.ts";

test("every value comes back as it was, to the bit", () => {
  fc.assert(
    fc.property(fc.array(anyValue), (values) => {
      const out = new ByteWriter();
      for (const value of values) writeValue(out, value);
      const reader = new ByteReader(out.written());
      for (const value of values) {
        const read = readValue(reader);
        expect(read).toStrictEqual(value);
        expect(Object.is(read, -0)).toBe(Object.is(value, -0));
      }
      expect(reader.left).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test("5, 5.0, '5' and x'35' are four different values", () => {
  const encoded = [5n, 5, "5", new Uint8Array([0x35])].map((value) => {
    const out = new ByteWriter();
    writeValue(out, value);
    return [...out.written()].join();
  });
  expect(new Set(encoded).size).toBe(4);
});

test("a class that is not known is an assertion error", () => {
  expect(() => readValue(new ByteReader(new Uint8Array([6, 0])))).toThrow("unknown class: 6");
});
