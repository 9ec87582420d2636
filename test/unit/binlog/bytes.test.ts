import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { ByteReader, ByteWriter } from "../../../shared/binlog/bytes.ts";

/** One write with what must be read for it. */
type Write = {
  readonly [Form in "u8" | "u32" | "i64" | "f64" | "count" | "blob" | "text"]: {
    form: Form;
    value: Parameters<ByteWriter[Form]>[0];
  };
};

const write: fc.Arbitrary<Write[keyof Write]> = fc.oneof(
  fc.record({ form: fc.constant("u8" as const), value: fc.nat(0xff) }),
  fc.record({ form: fc.constant("u32" as const), value: fc.nat(0xffffffff) }),
  fc.record({ form: fc.constant("i64" as const), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
  fc.record({ form: fc.constant("f64" as const), value: fc.double() }),
  fc.record({ form: fc.constant("count" as const), value: fc.maxSafeNat() }),
  fc.record({ form: fc.constant("blob" as const), value: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({ form: fc.constant("text" as const), value: fc.string({ unit: "binary", maxLength: 100 }) }),
);

function put(out: ByteWriter, { form, value }: Write[keyof Write]): void {
  (out[form] as (value: unknown) => void).call(out, value);
}

test("any sequence of writes is read back as it was written, however often the buffer had to grow", () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 60 }), (writes) => {
      const out = new ByteWriter();
      for (const each of writes) put(out, each);
      const reader = new ByteReader(out.written());
      expect(reader.left).toBe(out.length);
      for (const { form, value } of writes) expect(reader[form]()).toEqual(value);
      expect(reader.left).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test.each<Write[keyof Write]>([
  { form: "u8", value: 7 },
  { form: "u32", value: 7 },
  { form: "i64", value: 7n },
  { form: "f64", value: 7 },
  { form: "blob", value: new Uint8Array([7]) },
])("a $form that makes the buffer grow lands in the grown one", (last) => {
  for (let before = 240; before <= 260; before += 1) {
    const out = new ByteWriter();
    for (let at = 0; at < before; at += 1) out.u8(1);
    put(out, last);
    const reader = new ByteReader(out.written());
    for (let at = 0; at < before; at += 1) reader.u8();
    expect(reader[last.form]()).toEqual(last.value);
  }
});

test("counts take a byte for seven bits, and reach over all safe integers", () => {
  const lengthOf = (value: number) => {
    const out = new ByteWriter();
    out.count(value);
    expect(new ByteReader(out.written()).count()).toBe(value);
    return out.length;
  };
  expect([0, 127, 128, 16_383, 16_384, Number.MAX_SAFE_INTEGER].map(lengthOf)).toEqual([1, 1, 2, 2, 3, 8]);
});

describe("what is not there is an assertion error, never garbage", () => {
  test.each(["u8", "u32", "i64", "f64", "count", "blob", "text"] as const)("a %s in an empty record", (form) => {
    expect(() => new ByteReader(new Uint8Array())[form]()).toThrow("the record ends too early");
  });

  test("a blob that is longer than the rest", () => {
    expect(() => new ByteReader(new Uint8Array([3, 1, 2])).blob()).toThrow("the record ends too early");
  });

  test("a count that never ends", () => {
    expect(() => new ByteReader(new Uint8Array(12).fill(0x80)).count()).toThrow("too many bytes");
  });
});

test("a reader stays within its view of a larger buffer", () => {
  const reader = new ByteReader(new Uint8Array([1, 2, 3, 4]).subarray(1, 3));
  expect([reader.u8(), reader.u8(), reader.left]).toEqual([2, 3, 0]);
  expect(() => reader.u8()).toThrow("the record ends too early");
});
