import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge, parseEntityTag, parseEntityTags, rangeHolds } from "../../../shared/http/conditional.ts";

const strong = (opaque: string) => ({ weak: false, opaque });
const weak = (opaque: string) => ({ weak: true, opaque });

describe("an entity tag (RFC 9110 8.8.3)", () => {
  it.each([
    ['"xyzzy"', strong("xyzzy")],
    ['W/"xyzzy"', weak("xyzzy")],
    ['""', strong("")],
    ['"a,b"', strong("a,b")],
    ['"\xe9"', strong("\xe9")],
  ])("%s is read", (text, tag) => expect(parseEntityTag(text)).toEqual(tag));

  it.each(["", "xyzzy", '"open', 'w/"lower"', '"a" ', '"a"b"', '"a b"', "W/xyzzy"])("%j is not one", (text) =>
    expect(parseEntityTag(text)).toBeNull(),
  );
});

describe("a list of entity tags (RFC 9110 13.1.2, 5.6.1.2)", () => {
  it.each([
    ['"a"', [strong("a")]],
    ['"a", W/"b" ,\t"c"', [strong("a"), weak("b"), strong("c")]],
    ['"a,b","c"', [strong("a,b"), strong("c")]],
    [', "a",, "b",', [strong("a"), strong("b")]],
    [" * ", "*"],
  ])("%s is read", (text, tags) => expect(parseEntityTags(text)).toEqual(tags));

  it.each(["", "a", '"a" "b"', '"a", b', '"a", *', "**", '"a'])("%j matches nothing", (text) =>
    expect(parseEntityTags(text)).toEqual([]),
  );

  it("gives back every list that was written", () => {
    const opaque = fc.string({ unit: fc.constantFrom(..."aZ0,!#~/\xff") });
    const tag = fc.record({ weak: fc.boolean(), opaque });
    fc.assert(
      fc.property(fc.array(tag), fc.constantFrom(",", ", ", " ,\t", ",,"), (tags, comma) => {
        const text = tags.map((each) => `${each.weak ? "W/" : ""}"${each.opaque}"`).join(comma);
        expect(parseEntityTags(text)).toEqual(tags);
      }),
    );
  });

  it("is read in linear time, whatever a client sends", () => {
    const hostile = [
      " ".repeat(100_000) + "x",
      '"a"' + " ".repeat(100_000) + "x",
      '"'.repeat(100_001),
      ",".repeat(100_000),
    ];
    const startedMs = performance.now();
    for (const text of hostile) expect(parseEntityTags(text)).toEqual([]);
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });
});

const fields = (given: Readonly<Record<string, string>>) => new Headers(given);
const modifiedS = Date.UTC(2025, 5, 1, 12) / 1000;
const nowS = modifiedS + 1000;
const [before, same, after] = ["11:59:59", "12:00:00", "12:00:01"].map((time) => `Sun, 01 Jun 2025 ${time} GMT`) as [
  string,
  string,
  string,
];

describe("the conditions of a request (RFC 9110 13.2.2)", () => {
  const current = { tag: strong("v2"), modifiedS };

  it.each([
    ["no condition", {}, "proceed"],
    ["If-None-Match of the same file", { "If-None-Match": '"v2"' }, "not-modified"],
    ["If-None-Match by weak comparison", { "If-None-Match": 'W/"v2"' }, "not-modified"],
    ["If-None-Match with the file in a list", { "If-None-Match": '"v1", "v2"' }, "not-modified"],
    ["If-None-Match: *", { "If-None-Match": "*" }, "not-modified"],
    ["If-None-Match of an older file", { "If-None-Match": '"v1"' }, "proceed"],
    ["If-None-Match that is malformed", { "If-None-Match": "v2" }, "proceed"],
    ["If-Match of the same file", { "If-Match": '"v2"' }, "proceed"],
    ["If-Match: *", { "If-Match": "*" }, "proceed"],
    ["If-Match of an older file", { "If-Match": '"v1"' }, "precondition-failed"],
    ["If-Match by strong comparison only", { "If-Match": 'W/"v2"' }, "precondition-failed"],
    ["If-Match that is malformed", { "If-Match": "v2" }, "precondition-failed"],
    ["If-Match before If-None-Match", { "If-Match": '"v1"', "If-None-Match": '"v2"' }, "precondition-failed"],
    ["If-None-Match after an If-Match that holds", { "If-Match": '"v2"', "If-None-Match": '"v2"' }, "not-modified"],
    ["If-Modified-Since the change", { "If-Modified-Since": same }, "not-modified"],
    ["If-Modified-Since a second later", { "If-Modified-Since": after }, "not-modified"],
    ["If-Modified-Since a second before", { "If-Modified-Since": before }, "proceed"],
    ["If-Modified-Since that is no date", { "If-Modified-Since": "yesterday" }, "proceed"],
    ["If-Unmodified-Since the change", { "If-Unmodified-Since": same }, "proceed"],
    ["If-Unmodified-Since a second before", { "If-Unmodified-Since": before }, "precondition-failed"],
    ["If-Unmodified-Since that is no date", { "If-Unmodified-Since": "yesterday" }, "proceed"],
    ["If-None-Match in place of a date", { "If-None-Match": '"v1"', "If-Modified-Since": after }, "proceed"],
    ["If-Match in place of a date", { "If-Match": '"v2"', "If-Unmodified-Since": before }, "proceed"],
    [
      "If-Unmodified-Since before If-None-Match",
      { "If-Unmodified-Since": before, "If-None-Match": '"v2"' },
      "precondition-failed",
    ],
    [
      "If-Modified-Since after an If-Unmodified-Since that holds",
      { "If-Unmodified-Since": same, "If-Modified-Since": same },
      "not-modified",
    ],
  ] as const)("%s", (_, given, verdict) => expect(judge(fields(given), current, nowS)).toBe(verdict));
});

describe("If-Range (RFC 9110 13.1.5)", () => {
  it.each([
    [null, strong("v2"), true],
    ['"v2"', strong("v2"), true],
    [' "v2" ', strong("v2"), true],
    ['"v1"', strong("v2"), false],
    ['W/"v2"', strong("v2"), false],
    ['W/"v2"', weak("v2"), false],
    ['"v2"', weak("v2"), false],
    ['"v2", "v3"', strong("v2"), false],
    [same, strong("v2"), true],
    [before, strong("v2"), false],
    [after, strong("v2"), false],
    ["yesterday", strong("v2"), false],
  ])("%j against %j: %s", (field, tag, holds) => expect(rangeHolds(field, { tag, modifiedS }, nowS, true)).toBe(holds));

  it("takes no date while its second lasts: the file may change again in it (8.8.2.2)", () => {
    const holds = (at: number) => rangeHolds(same, { tag: strong("v2"), modifiedS }, at, true);
    expect([holds(modifiedS), holds(modifiedS + 1)]).toEqual([false, true]);
  });

  it("takes no date where the client may have got compressed bytes by it", () => {
    expect(rangeHolds(same, { tag: strong("v2"), modifiedS }, nowS, false)).toBe(false);
  });
});
