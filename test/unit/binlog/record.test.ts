import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { checksumOf } from "../../../shared/binlog/checksum.ts";
import { openRecord, readChanges, sealRecord, type Change, type RecordHeader } from "../../../shared/binlog/record.ts";
import { present } from "../../../shared/kernel/assert.ts";
import { epoch, lsn } from "../../../shared/kernel/brand.ts";
import { Undo } from "../../../shared/kernel/error.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import { anyChange } from "../../support/changes.ts";

const anyHeader: fc.Arbitrary<RecordHeader> = fc.record(
  {
    epoch: fc.nat(0xffffffff).map(epoch),
    lsn: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map(lsn),
    schemaVersion: fc.nat(0xffffffff),
    committedAtMs: fc.double({ noNaN: true, noDefaultInfinity: true }),
    previous: fc.uint8Array().map(checksumOf),
  },
  { noNullPrototype: true },
);

const header: RecordHeader = {
  epoch: epoch(3),
  lsn: lsn(70_000),
  schemaVersion: 2,
  committedAtMs: 1_700_000_000_000,
  previous: "0123456789abcdef",
};
const changes: Change[] = [
  { type: "schema", sql: "CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT)" },
  {
    type: "rows",
    table: "posts",
    deleted: [[1n], [2n]],
    images: [
      [3n, 3n, "Trefoil \u{1f340}"],
      [4n, 4n, null],
    ],
  },
  { type: "sequence", table: "posts", value: 4n },
];

test("a record holds its header and its changes exactly", () => {
  fc.assert(
    fc.property(anyHeader, fc.array(anyChange, { maxLength: 6 }), (head, made) => {
      const sealed = sealRecord(head, made);
      const opened = present(openRecord(sealed.bytes), "the record");
      expect(opened).toEqual(sealed);
      expect(opened.header).toStrictEqual(head);
      expect(readChanges(opened)).toStrictEqual(made);
    }),
    { numRuns: 200 },
  );
});

describe("damage is noticed when a record is opened", () => {
  const { bytes } = sealRecord(header, changes);

  test("of any single bit", () => {
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(openRecord(damaged), `bit ${bit}`).toBeUndefined();
    }
  });

  test("by cutting it anywhere", () => {
    for (let length = 0; length < bytes.length; length += 1)
      expect(openRecord(bytes.subarray(0, length)), `${length} bytes`).toBeUndefined();
  });

  test("by adding to it", () => {
    for (let byte = 0; byte < 256; byte += 1) expect(openRecord(new Uint8Array([...bytes, byte]))).toBeUndefined();
  });

  test("and by a swap of two parts", () => {
    expect(
      openRecord(
        new Uint8Array([
          ...bytes.subarray(0, 40),
          ...bytes.subarray(44, 48),
          ...bytes.subarray(40, 44),
          ...bytes.subarray(48),
        ]),
      ),
    ).toBeUndefined();
  });
});

test("a record of another format is not opened, even with a right checksum", () => {
  const other = sealRecord(header, []).bytes.slice();
  other[0] = 2;
  const body = other.subarray(0, -8);
  const sum = checksumOf(body);
  const view = new DataView(other.buffer);
  view.setUint32(body.length, Number.parseInt(sum.slice(0, 8), 16));
  view.setUint32(body.length + 4, Number.parseInt(sum.slice(8), 16));
  expect(openRecord(other)).toBeUndefined();
});

test("a record's checksum depends on the one before, and so on the whole log", () => {
  const other = sealRecord({ ...header, previous: "0123456789abcdee" }, changes);
  expect(other.checksum).not.toBe(sealRecord(header, changes).checksum);
});

test("a sealed record shares no memory with the next one", () => {
  const first = sealRecord(header, changes);
  const copy = first.bytes.slice();
  sealRecord(header, [{ type: "schema", sql: "y".repeat(300) }]);
  expect(first.bytes).toEqual(copy);
  expect(first.bytes.byteLength).toBe(first.bytes.buffer.byteLength);
});

test(`past ${limits.recordBytes} bytes there is no record: the transaction is undone`, () => {
  const image = (bytes: number): Change => ({
    type: "rows",
    table: "t",
    deleted: [],
    images: [[new Uint8Array(bytes)]],
  });
  const overhead = sealRecord(header, [image(limits.recordBytes / 2)]).bytes.length - limits.recordBytes / 2;
  expect(sealRecord(header, [image(limits.recordBytes - overhead)]).bytes.length).toBe(limits.recordBytes);
  expect(() => sealRecord(header, [image(limits.recordBytes + 1)])).toThrow(Undo);
});
