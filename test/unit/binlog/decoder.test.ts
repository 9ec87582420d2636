import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { ByteWriter } from "../../../shared/binlog/bytes.ts";
import { openRecord, readChanges, sealRecord, type SealedRecord } from "../../../shared/binlog/record.ts";
import { AssertionError, present } from "../../../shared/kernel/assert.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import { anyChange, nextRecord } from "../../support/changes.ts";
import { anyDamage, withChecksum } from "../../support/damage.ts";

const { header } = nextRecord(undefined);
const headerBytes = nextRecord(undefined).bytes.slice(0, 33);

/** What the decoder makes of bytes: a record that would be written as the same bytes again, or nothing. */
function expectDecoded(bytes: Uint8Array): void {
  const record = openRecord(bytes);
  if (!record) return;
  try {
    expect(sealRecord(record.header, readChanges(record)).bytes).toEqual(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(AssertionError);
  }
}

describe("whatever the bytes, the decoder gives a record that has no other form, or says that there is none", () => {
  test("random bytes, with and without a right checksum", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expectDecoded(bytes);
        expectDecoded(withChecksum(bytes));
        expectDecoded(withChecksum(new Uint8Array([...headerBytes, ...bytes])));
      }),
      { numRuns: 2000 },
    );
  });

  test("records that were damaged before their checksum was made", () => {
    const record = fc.array(anyChange, { maxLength: 3 }).map((changes) => sealRecord(header, changes));
    fc.assert(
      fc.property(record, fc.array(anyDamage, { minLength: 1, maxLength: 3 }), ({ bytes }, damages) => {
        expectDecoded(withChecksum(damages.reduce<Uint8Array>((body, damage) => damage(body), bytes.slice(0, -8))));
      }),
      { numRuns: 3000 },
    );
  });

  test("every record cut at every byte", () => {
    fc.assert(
      fc.property(fc.array(anyChange, { minLength: 1, maxLength: 3 }), (changes) => {
        const body = sealRecord(header, changes).bytes.slice(0, -8);
        for (let length = 0; length < body.length; length += 1) {
          const record = openRecord(withChecksum(body.slice(0, length)));
          if (record) expect(() => readChanges(record)).toThrow(AssertionError);
        }
      }),
      { numRuns: 50 },
    );
  });
});

/** A record with the usual header and whatever `write` puts after it. */
function crafted(write: (out: ByteWriter) => void): SealedRecord {
  const out = new ByteWriter();
  write(out);
  return present(openRecord(withChecksum(new Uint8Array([...headerBytes, ...out.written()]))), "the record");
}

describe("no count makes room for more than there is", () => {
  const absurd = [2 ** 32 - 1, 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER];

  test.each(absurd)("of %d changes", (count) => {
    expect(() => readChanges(crafted((out) => out.count(count)))).toThrow("counts more than it holds");
  });

  test.each(absurd)("of %d rows", (count) => {
    for (const width of [0, 1, 100]) {
      const record = crafted((out) => {
        out.count(1);
        out.u8(0);
        out.text("t");
        out.count(count);
        out.count(width);
      });
      expect(() => readChanges(record)).toThrow("counts more than it holds");
    }
  });

  test.each(absurd)("of %d columns", (count) => {
    const record = crafted((out) => {
      out.count(1);
      out.u8(0);
      out.text("t");
      out.count(1);
      out.count(count);
    });
    expect(() => readChanges(record)).toThrow("counts more than it holds");
  });

  test("of rows without columns", () => {
    const record = crafted((out) => {
      out.count(1);
      out.u8(0);
      out.text("t");
      out.count(4);
      out.count(0);
      for (let more = 0; more < 4; more += 1) out.u8(0);
    });
    expect(() => readChanges(record)).toThrow("rows without columns");
  });

  test.each(absurd)("of %d bytes of text", (count) => {
    const record = crafted((out) => {
      out.count(1);
      out.u8(1);
      out.count(count);
    });
    expect(() => readChanges(record)).toThrow("ends too early");
  });
});

describe("a header that cannot be is no record", () => {
  const at = { lsn: 5, time: 17 };
  const withHeader = (write: (view: DataView) => void) => {
    const body = nextRecord(undefined).bytes.slice(0, -8);
    write(new DataView(body.buffer));
    return openRecord(withChecksum(body));
  };

  test.each([0n, -1n, 2n ** 53n, -(2n ** 63n)])("with the LSN %d", (lsn) => {
    expect(withHeader((view) => view.setBigInt64(at.lsn, lsn))).toBeUndefined();
  });

  test.each([NaN, Infinity, -Infinity])("with the time %d", (time) => {
    expect(withHeader((view) => view.setFloat64(at.time, time))).toBeUndefined();
  });

  test("while others are one", () => {
    expect(withHeader((view) => view.setBigInt64(at.lsn, 2n ** 53n - 1n))?.header.lsn).toBe(Number.MAX_SAFE_INTEGER);
  });
});

test(`more than ${limits.recordBytes} bytes are no record`, () => {
  const body = new Uint8Array(limits.recordBytes + 1);
  body.set(headerBytes);
  expect(openRecord(withChecksum(body))).toBeUndefined();
  expect(openRecord(withChecksum(body.subarray(0, -1)))).toBeDefined();
});

test.each([
  ["a count with a byte more than it needs", [0x80, 0x00], "more bytes than it needs"],
  ["a count beyond 2^53", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "larger than 2^53"],
  ["a change of a type that is not known", [1, 0x63, 0], "unknown type"],
  ["a text that is not UTF-8", [1, 1, 1, 0xff], "not valid UTF-8"],
  ["a NaN", [1, 0, 1, 0x74, 0, 0, 1, 1, 2, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], "a NaN"],
  ["a counter that is a text", [1, 2, 1, 0x74, 3, 1, 0x35], "a sequence is an integer"],
  ["more than its changes", [0, 0], "more than its changes"],
])("%s is refused", (_, bytes, message) => {
  const record = crafted((out) => bytes.forEach((byte) => out.u8(byte)));
  expect(() => readChanges(record)).toThrow(message);
});
