import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { epoch, lsn } from "../../../shared/kernel/brand.ts";
import { formatBookmark, laterBookmark, parseBookmark, type Position } from "../../../shared/replication/bookmark.ts";

const position: fc.Arbitrary<Position> = fc
  .tuple(fc.oneof(fc.nat(20), fc.nat(0xffffffff)), fc.oneof(fc.nat(20), fc.maxSafeNat()))
  .map(([term, at]) => ({ epoch: epoch(term), lsn: lsn(at) }));

const order = (one: Position, other: Position) => Math.sign(one.epoch - other.epoch || one.lsn - other.lsn);
const textOrder = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);

test("a bookmark is a position as text of fixed width", () => {
  expect(formatBookmark({ epoch: epoch(1), lsn: lsn(255) })).toBe("00000001-00000000000000ff");
  expect(formatBookmark({ epoch: epoch(0xffffffff), lsn: lsn(Number.MAX_SAFE_INTEGER) })).toBe(
    "ffffffff-001fffffffffffff",
  );
});

test("a position comes back from its bookmark", () => {
  fc.assert(
    fc.property(position, (given) => {
      expect(parseBookmark(formatBookmark(given))).toEqual(given);
    }),
  );
});

test("texts are ordered as their positions are: as strings, under localeCompare in any locale, and by laterBookmark", () => {
  fc.assert(
    fc.property(position, position, fc.constantFrom("en", "de", "sv", "tr", "ja"), (one, other, locale) => {
      const [first, second] = [formatBookmark(one), formatBookmark(other)];
      expect(textOrder(first, second)).toBe(order(one, other));
      expect(Math.sign(first.localeCompare(second, locale))).toBe(order(one, other));
      expect(laterBookmark(first, second)).toBe(order(one, other) < 0 ? second : first);
    }),
    { numRuns: 500 },
  );
});

test("no bookmark is before all", () => {
  const some = formatBookmark({ epoch: epoch(0), lsn: lsn(0) });
  expect([laterBookmark(null, some), laterBookmark(some, null), laterBookmark(null, null)]).toEqual([some, some, null]);
});

describe("what is no bookmark of ours has no position", () => {
  test.each([
    "",
    "first-primary",
    "00000001-00000000000000f",
    "00000001-00000000000000fff",
    "00000001_00000000000000ff",
    "00000001-00000000000000FF",
    " 00000001-00000000000000ff",
    "00000001-00000000000000ff\n",
    "00000001-0020000000000000",
    "00000000-00000001-00000000-00000000000000000000000000000000",
  ])("%j", (text) => {
    expect(parseBookmark(text)).toBeUndefined();
  });
});
