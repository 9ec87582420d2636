import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatHttpDate, parseHttpDate } from "../../../shared/http/http-date.ts";

const nowS = Date.UTC(2026, 10, 24) / 1000;
const example = Date.UTC(1994, 10, 6, 8, 49, 37) / 1000;

describe("an HTTP-date (RFC 9110 5.6.7)", () => {
  it.each([
    ["Sun, 06 Nov 1994 08:49:37 GMT", example],
    ["Sunday, 06-Nov-94 08:49:37 GMT", example],
    ["Sun Nov  6 08:49:37 1994", example],
    ["Sun Nov 16 08:49:37 1994", example + 10 * 86_400],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["Thu, 29 Feb 2024 23:59:59 GMT", Date.UTC(2024, 1, 29, 23, 59, 59) / 1000],
    ["Tue, 29 Feb 2000 00:00:00 GMT", Date.UTC(2000, 1, 29) / 1000],
    ["Sat, 31 Dec 2016 23:59:60 GMT", Date.UTC(2017, 0, 1) / 1000],
    ["Wed, 31 Dec 1969 23:59:59 GMT", -1],
  ])("%s is read", (text, seconds) => expect(parseHttpDate(text, nowS)).toBe(seconds));

  it.each([
    ["Monday, 01-Jan-76 00:00:00 GMT", 2076],
    ["Monday, 01-Jan-77 00:00:00 GMT", 1977],
    ["Monday, 01-Jan-26 00:00:00 GMT", 2026],
    ["Monday, 01-Jan-00 00:00:00 GMT", 2000],
  ])("%s is in %d: at most 50 years ahead", (text, year) =>
    expect(parseHttpDate(text, nowS)).toBe(Date.UTC(year, 0, 1) / 1000),
  );

  it.each([
    "",
    "0",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "sun, 06 nov 1994 08:49:37 gmt",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 94 08:49:37 GMT",
    "Sun,06 Nov 1994 08:49:37 GMT",
    "Sun, 06  Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 06-Nov-1994 08:49:37 GMT",
    "Xxx, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Xxx 1994 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 31 Nov 1994 08:49:37 GMT",
    "Sun, 32 Jan 1994 08:49:37 GMT",
    "Wed, 29 Feb 2023 00:00:00 GMT",
    "Thu, 29 Feb 1900 00:00:00 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:00 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "Sun Nov 6 08:49:37 1994",
    "1994-11-06T08:49:37Z",
    "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
  ])("%j is none", (text) => expect(parseHttpDate(text, nowS)).toBeNull());

  it("is written as the platform writes it, and read back", () => {
    const seconds = fc.integer({ min: Date.UTC(0, 0, 1) / 1000, max: Date.UTC(9999, 11, 31) / 1000 });
    fc.assert(
      fc.property(seconds, (at) => {
        const text = formatHttpDate(at);
        expect(text).toBe(new Date(at * 1000).toUTCString());
        expect(parseHttpDate(text, nowS)).toBe(at);
      }),
    );
  });
});
