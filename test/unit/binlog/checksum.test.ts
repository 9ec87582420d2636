import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { checksumOf, emptyLogChecksum } from "../../../shared/binlog/checksum.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("the first half is XXH32 under seed 0", () => {
  // From the test suite and the documentation of xxHash.
  test.each([
    ["", "02cc5d05"],
    ["a", "550d7456"],
    ["abc", "32d153ff"],
    ["Nobody inspects the spammish repetition", "e2293b2f"],
  ])("%j: %s", (text, expected) => {
    expect(checksumOf(bytesOf(text)).slice(0, 8)).toBe(expected);
  });
});

/** XXH32 after its specification, in 64-bit integers, slow and plain: the oracle. */
function xxh32(bytes: Uint8Array, seed: bigint): bigint {
  const [p1, p2, p3, p4, p5] = [0x9e3779b1n, 0x85ebca77n, 0xc2b2ae3dn, 0x27d4eb2fn, 0x165667b1n];
  const u32 = (value: bigint) => BigInt.asUintN(32, value);
  const rotate = (value: bigint, by: bigint) => u32((u32(value) << by) | (u32(value) >> (32n - by)));
  const lane = (at: number) => BigInt(new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true));
  const stripes = Math.floor(bytes.length / 16) * 16;
  const lanes = [seed + p1 + p2, seed + p2, seed, seed - p1];
  for (let at = 0; at < stripes; at += 16)
    for (const [index, sum] of lanes.entries()) lanes[index] = u32(rotate(sum + lane(at + index * 4) * p2, 13n) * p1);
  const merged = lanes
    .map((sum, index) => rotate(sum, [1n, 7n, 12n, 18n][index] ?? 0n))
    .reduce((one, other) => one + other);
  let hash = u32((stripes > 0 ? merged : seed + p5) + BigInt(bytes.length));
  let at = stripes;
  for (; at + 4 <= bytes.length; at += 4) hash = u32(rotate(hash + lane(at) * p3, 17n) * p4);
  for (; at < bytes.length; at += 1) hash = u32(rotate(hash + BigInt(bytes[at] ?? 0) * p5, 11n) * p1);
  hash = u32((hash ^ (hash >> 15n)) * p2);
  hash = u32((hash ^ (hash >> 13n)) * p3);
  return hash ^ (hash >> 16n);
}

test("both halves are XXH32, under two seeds, of any bytes and any view of them", () => {
  const view = fc.tuple(fc.uint8Array({ maxLength: 100 }), fc.nat(3)).map(([bytes, from]) => bytes.subarray(from));
  const hex = (hash: bigint) => hash.toString(16).padStart(8, "0");
  fc.assert(
    fc.property(view, (bytes) => {
      expect(checksumOf(bytes)).toBe(hex(xxh32(bytes, 0n)) + hex(xxh32(bytes, 0x9e3779b9n)));
    }),
    { numRuns: 300 },
  );
});

test("no record has the checksum that stands before the first one", () => {
  expect(emptyLogChecksum).toMatch(/^0{16}$/);
  expect(checksumOf(new Uint8Array())).not.toBe(emptyLogChecksum);
});
