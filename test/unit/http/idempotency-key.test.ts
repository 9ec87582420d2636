import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readIdempotencyKey } from "../../../shared/http/idempotency-key.ts";
import { limits } from "../../../shared/kernel/limits.ts";

const longest = "k".repeat(limits.idempotencyKeyLength);

describe("an Idempotency-Key", () => {
  it.each([
    ["a String of RFC 9651", '"8e03978e-40d5-43e8-bc93-6894a57f9324"', "8e03978e-40d5-43e8-bc93-6894a57f9324"],
    ["the same without quotes", "8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"],
    ["with space around", ' "a b" ', "a b"],
    ["with quotes and backslashes in it", String.raw`"a\"b\\c"`, String.raw`a"b\c`],
    ["in base64", "abc+/=", "abc+/="],
    ["as long as may be", `"${longest}"`, longest],
  ])("is read: %s", (_, field, key) => expect(readIdempotencyKey(field)).toEqual({ ok: true, key }));

  it.each([null, undefined])("is none where there is no field", (field) =>
    expect(readIdempotencyKey(field)).toEqual({ ok: true, key: null }),
  );

  it.each([
    ["an empty field", ""],
    ["an empty text", '""'],
    ["one character too many", `"${longest}k"`],
    ["one character too many without quotes", `${longest}k`],
    ["two fields", '"a", "b"'],
    ["two fields without quotes", "a, b"],
    ["a quote at one end", '"a'],
    ["a quote inside", '"a"b"'],
    ["a backslash before something else", String.raw`"a\b"`],
    ["a backslash at the end", String.raw`"a\"`],
    ["a control character", '"a\u0001"'],
    ["a character past ASCII", '"\u00e4"'],
    ["parameters", '"a";b=1'],
  ])("is refused: %s", (_, field) =>
    expect(readIdempotencyKey(field)).toMatchObject({ ok: false, code: "bad-request" }),
  );

  it("of any printable ASCII is read as it was before it was quoted", () => {
    const text = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: limits.idempotencyKeyLength });
    fc.assert(
      fc.property(text, (key) => {
        const field = `"${key.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
        expect(readIdempotencyKey(field)).toEqual({ ok: true, key });
      }),
    );
  });
});
