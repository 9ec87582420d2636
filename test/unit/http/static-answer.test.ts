import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addFields, answerStatic, cacheControl } from "../../../shared/http/static-answer.ts";
import type { StaticFile } from "../../../shared/http/static-file.ts";

const modifiedS = Date.UTC(2025, 5, 1, 12) / 1000;
const nowS = modifiedS + 1_000_000;

const file: StaticFile = {
  type: "text/css; charset=utf-8",
  sizeBytes: 100,
  tag: "plain",
  modifiedS,
  compressible: true,
  variants: { br: { sizeBytes: 40, tag: "brotli" }, gzip: { sizeBytes: 50, tag: "gzipped" } },
};
const picture: StaticFile = { ...file, type: "image/png", tag: "picture", compressible: false, variants: {} };

const ask = (headers: Readonly<Record<string, string>>, of = file, method = "GET", at = nowS) =>
  answerStatic({ method, headers: new Headers(headers) }, of, at);

// The cases one by one are in test/support/static-origin; here is what holds for all of them.

const tag = fc.constantFrom('"plain"', '"brotli"', '"gzipped"', '"other"', 'W/"plain"', "*", '"other", "brotli"');
const date = fc.constantFrom("Sun, 01 Jun 2025 12:00:00 GMT", "Sun, 01 Jun 2025 11:59:59 GMT", "yesterday");
const range = fc.constantFrom("bytes=0-9", "bytes=-10", "bytes=100-", "bytes=0-1,3-4", "lines=1-2", "bytes=");
const accept = fc.constantFrom("br", "gzip", "br, gzip", "identity", "*", "gzip;q=0", "");

const headers = fc.record(
  {
    "Accept-Encoding": accept,
    Range: range,
    "If-Range": fc.oneof(tag, date),
    "If-Match": tag,
    "If-None-Match": tag,
    "If-Modified-Since": date,
    "If-Unmodified-Since": date,
  },
  { requiredKeys: [] },
);

describe("an answer to whatever is asked", () => {
  it("bears the tag of the very bytes that it sends, and their length", () => {
    fc.assert(
      fc.property(headers, fc.constantFrom("GET", "HEAD"), (given, method) => {
        const answer = ask(given, file, method);
        if (!("coding" in answer)) return;
        const sent = answer.coding === null ? file : file.variants[answer.coding];
        expect(answer.fields["ETag"]).toBe(`"${sent?.tag}"`);
        if (answer.status !== 200) return;
        expect(answer.fields["Content-Length"]).toBe(`${sent?.sizeBytes}`);
      }),
    );
  });

  it("never sends a part of a variant, and never a part that a condition does not allow", () => {
    fc.assert(
      fc.property(headers, (given) => {
        const answer = ask(given);
        if (answer.status !== 206) return;
        expect(answer.coding).toBeNull();
        expect([undefined, "identity"]).toContain(answer.fields["Content-Encoding"]);
        expect([undefined, "*", '"plain"']).toContain(given["If-Match"]);
      }),
    );
  });

  it("never sends a part to a client that may go on from compressed bytes", () => {
    fc.assert(
      fc.property(headers, fc.oneof(tag, date), (given, ifRange) => {
        const answer = ask({ ...given, "If-Range": ifRange });
        if (answer.status !== 206 || ifRange === '"plain"') return;
        expect(ask({ "Accept-Encoding": given["Accept-Encoding"] ?? "" })).toMatchObject({ coding: null });
      }),
      // All of it together is rare.
      { numRuns: 5000 },
    );
  });

  it("varies by Accept-Encoding where there is something to choose from, and nowhere else", () => {
    fc.assert(
      fc.property(headers, fc.constantFrom(file, picture), (given, of) => {
        const answer = ask(given, of);
        if ("coding" in answer) expect(answer.fields["Vary"]).toBe(of === file ? "Accept-Encoding" : undefined);
      }),
    );
  });
});

it("bytes that nobody may compress on the way say so, where somebody would", () => {
  const bare = { ...file, variants: {} };
  const coding = (given: Record<string, string>, of: StaticFile) => ask(given, of).fields["Content-Encoding"];
  expect(coding({ "Accept-Encoding": "gzip", Range: "bytes=0-9" }, file)).toBe("identity");
  expect(coding({ "Accept-Encoding": "gzip" }, bare)).toBe("identity");
  expect(coding({ Range: "bytes=0-9" }, file)).toBeUndefined();
  expect(coding({ "Accept-Encoding": "gzip;q=0", Range: "bytes=0-9" }, file)).toBeUndefined();
  expect(coding({ "Accept-Encoding": "gzip", Range: "bytes=0-9" }, picture)).toBeUndefined();
});

it("If-Range with a date needs the second of that date to be over (RFC 9110 8.8.2.2)", () => {
  const given = { Range: "bytes=0-9", "If-Range": "Sun, 01 Jun 2025 12:00:00 GMT" };
  expect(ask(given, file, "GET", modifiedS).status).toBe(200);
  expect(ask(given, file, "GET", modifiedS + 1).status).toBe(206);
});

describe("Cache-Control", () => {
  it.each([
    ["/app.js", null, 200, "public, max-age=0, must-revalidate"],
    ["/app.js", "public, max-age=60", 200, "public, max-age=60"],
    ["/app.3f9a8b7c.js", "public, max-age=60", 200, "public, max-age=31536000, immutable"],
    ["/build/app.js", null, 304, "public, max-age=31536000, immutable"],
    ["/app.js", null, 206, "public, max-age=0, must-revalidate, no-transform"],
    ["/app.js", "no-store", 206, "no-store, no-transform"],
  ])("of %s with %s, %d", (path, given, status, value) =>
    expect(cacheControl(path, given, ["/build/"], status)).toBe(value),
  );
});

describe("the fields of _headers", () => {
  const added = (given: Readonly<Record<string, string>>, fields: Readonly<Record<string, string>>) => {
    const all = new Headers(given);
    addFields(all, fields);
    return Object.fromEntries(all);
  };

  it("stay, but for those that are the answer's own", () => {
    expect(added({ "X-A": "1", ETag: '"x"' }, { ETag: '"y"', "Content-Type": "text/css" })).toEqual({
      "x-a": "1",
      etag: '"y"',
      "content-type": "text/css",
    });
  });

  it("have the last word on the type, and Vary is of both", () => {
    expect(
      added({ "Content-Type": "text/plain", Vary: "Origin" }, { Vary: "Accept-Encoding", "Content-Type": "a/b" }),
    ).toEqual({
      "content-type": "text/plain",
      vary: "Origin, Accept-Encoding",
    });
  });

  it("give a 304 no type", () =>
    expect(added({ "Content-Type": "text/plain" }, { ETag: '"y"' })).toEqual({ etag: '"y"' }));
});
