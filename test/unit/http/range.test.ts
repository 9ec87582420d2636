import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentRange, selectRange, unsatisfiedRange } from "../../../shared/http/range.ts";

const part = (first: number, last: number) => ({ kind: "part", first, last });
const whole = { kind: "whole" };
const none = { kind: "none" };

describe("a Range of a file of 10,000 bytes (RFC 9110 14.1.2)", () => {
  it.each([
    ["bytes=0-499", part(0, 499)],
    ["bytes=500-999", part(500, 999)],
    ["bytes=-500", part(9500, 9999)],
    ["bytes=9500-", part(9500, 9999)],
    ["bytes=0-0", part(0, 0)],
    ["bytes=-1", part(9999, 9999)],
    ["bytes=0-", part(0, 9999)],
    ["bytes=9999-20000", part(9999, 9999)],
    ["bytes=-20000", part(0, 9999)],
    [`bytes=0-${"9".repeat(400)}`, part(0, 9999)],
    ["Bytes = 0-499", part(0, 499)],
    ["bytes=, 0-499 ,", part(0, 499)],
  ])("%s is a part", (field, selection) => expect(selectRange(field, 10_000)).toEqual(selection));

  it.each(["bytes=10000-", "bytes=10000-10001", "bytes=-0", `bytes=${"9".repeat(400)}-`])(
    "%s does not exist",
    (field) => expect(selectRange(field, 10_000)).toEqual(none),
  );

  it.each([
    ["no field", null],
    ["several parts", "bytes=0-0,-1"],
    ["another unit", "lines=0-5"],
    ["the last byte before the first", "bytes=5-4"],
    ["a sign", "bytes=+1-4"],
    ["a fraction", "bytes=0.5-4"],
    ["no number at all", "bytes=-"],
    ["no unit", "0-499"],
    ["an empty set", "bytes="],
    ["space inside", "bytes=0 - 4"],
    ["an empty value", ""],
  ])("%s is served whole", (_, field) => expect(selectRange(field, 10_000)).toEqual(whole));
});

describe("a Range of an empty file", () => {
  it("has no first byte to start from", () => expect(selectRange("bytes=0-", 0)).toEqual(none));
  it("has a suffix, which is all of it", () => expect(selectRange("bytes=-5", 0)).toEqual(whole));
});

describe("the bytes that are chosen", () => {
  const size = fc.nat(40);

  it("are those that the positions name", () => {
    fc.assert(
      fc.property(size, fc.nat(50), fc.option(fc.nat(50)), (length, from, to) => {
        const positions = Array.from({ length }, (_, at) => at);
        const asked = positions.filter((at) => at >= from && at <= (to ?? Infinity));
        const chosen = selectRange(`bytes=${from}-${to ?? ""}`, length);
        if (to !== null && to < from) expect(chosen).toEqual(whole);
        else if (asked.length === 0) expect(chosen).toEqual(none);
        else expect(chosen).toEqual(part(asked[0] ?? -1, asked.at(-1) ?? -1));
      }),
    );
  });

  it("are the last of the file for a suffix", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 50 }), (length, suffix) => {
        const last = Array.from({ length }, (_, at) => at).slice(-suffix);
        expect(selectRange(`bytes=-${suffix}`, length)).toEqual(part(last[0] ?? -1, length - 1));
      }),
    );
  });

  it("lie inside the file whatever is asked", () => {
    const garbage = fc.string({ unit: fc.constantFrom(..."bytes=0123456789-, ") });
    fc.assert(
      fc.property(
        fc.oneof(
          garbage,
          garbage.map((text) => `bytes=${text}`),
        ),
        size,
        (field, length) => {
          const chosen = selectRange(field, length);
          if (chosen.kind !== "part") return;
          expect(chosen.first).toBeLessThanOrEqual(chosen.last);
          expect(chosen.first).toBeGreaterThanOrEqual(0);
          expect(chosen.last).toBeLessThan(length);
        },
      ),
    );
  });
});

it("Content-Range names the part and the size, or the size alone (RFC 9110 14.4)", () => {
  expect(contentRange({ first: 42, last: 1233 }, 1234)).toBe("bytes 42-1233/1234");
  expect(unsatisfiedRange(1234)).toBe("bytes */1234");
});
