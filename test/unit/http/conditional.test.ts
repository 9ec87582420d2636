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

describe("the conditions of a request (RFC 9110 13.2.2)", () => {
  const current = strong("v2");

  it.each([
    ["no condition", null, null, "proceed"],
    ["If-None-Match of the same file", null, '"v2"', "not-modified"],
    ["If-None-Match by weak comparison", null, 'W/"v2"', "not-modified"],
    ["If-None-Match with the file in a list", null, '"v1", "v2"', "not-modified"],
    ["If-None-Match: *", null, "*", "not-modified"],
    ["If-None-Match of an older file", null, '"v1"', "proceed"],
    ["If-None-Match that is malformed", null, "v2", "proceed"],
    ["If-Match of the same file", '"v2"', null, "proceed"],
    ["If-Match: *", "*", null, "proceed"],
    ["If-Match of an older file", '"v1"', null, "precondition-failed"],
    ["If-Match by strong comparison only", 'W/"v2"', null, "precondition-failed"],
    ["If-Match that is malformed", "v2", null, "precondition-failed"],
    ["If-Match before If-None-Match", '"v1"', '"v2"', "precondition-failed"],
    ["If-None-Match after an If-Match that holds", '"v2"', '"v2"', "not-modified"],
  ] as const)("%s", (_, ifMatch, ifNoneMatch, verdict) =>
    expect(judge({ ifMatch, ifNoneMatch }, current)).toBe(verdict),
  );

  it("a file without a tag matches only *", () => {
    expect(judge({ ifMatch: null, ifNoneMatch: '"v2"' }, null)).toBe("proceed");
    expect(judge({ ifMatch: null, ifNoneMatch: "*" }, null)).toBe("not-modified");
    expect(judge({ ifMatch: '"v2"', ifNoneMatch: null }, null)).toBe("precondition-failed");
  });
});

describe("If-Range (RFC 9110 13.1.5)", () => {
  it.each([
    [null, strong("v2"), true],
    ['"v2"', strong("v2"), true],
    ['"v1"', strong("v2"), false],
    ['W/"v2"', strong("v2"), false],
    ['W/"v2"', weak("v2"), false],
    ['"v2"', weak("v2"), false],
    ['"v2"', null, false],
    ["Sat, 29 Oct 1994 19:43:31 GMT", strong("v2"), false],
  ])("%j against %j: %s", (field, current, holds) => expect(rangeHolds(field, current)).toBe(holds));
});
