import { readFile } from "node:fs/promises";
import { get } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../scripts/workers.ts";
import { startSite, type TestSite } from "../support/site.ts";

let site: TestSite;
let css: string;
let etag: string;

beforeAll(async () => {
  site = await startSite();
  css = await readFile(`${root}workers/origin/public/assets/site.css`, "utf8");
  etag = (await ask("/assets/site.css")).headers.get("ETag") ?? "";
});
afterAll(() => site.close());

/** What a client asks that wants the bytes as they are. */
const ask = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  site.fetch(path, { method, headers: { "Accept-Encoding": "identity", ...headers }, redirect: "manual" });

describe("a static file", () => {
  it("has its bytes, length, type, tag and says how a cache may use it", async () => {
    const response = await ask("/assets/site.css");
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(css);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-length": `${Buffer.byteLength(css)}`,
      "content-type": "text/css; charset=utf-8",
      "cache-control": "public, max-age=0, must-revalidate",
      "accept-ranges": "bytes",
      "x-content-type-options": "nosniff",
    });
    expect(response.headers.get("ETag")).toMatch(/^"[0-9a-f]+"$/);
  });

  it("has the same tag on every server", async () => {
    const tags = new Set<string | null>();
    for (const name of ["origin-a", "origin-b", "origin-c"]) {
      const response = await site.worker(name).fetch("http://origin.test/assets/site.css");
      tags.add(response.headers.get("ETag"));
      await response.text();
    }
    expect([...tags]).toEqual([etag]);
  });

  it("is the folder's index where the path ends in a slash", async () => {
    const [index, named] = [await ask("/"), await ask("/index.html")];
    expect(index.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
    expect(await index.text()).toBe(await named.text());
    expect(index.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
  });

  it("is told about by HEAD as GET would, without a body", async () => {
    const [headed, got] = [await ask("/assets/site.css", {}, "HEAD"), await ask("/assets/site.css")];
    await got.text();
    expect(headed.status).toBe(200);
    expect(await headed.text()).toBe("");
    for (const field of ["Content-Length", "Content-Type", "ETag", "Cache-Control", "Accept-Ranges"]) {
      expect(headed.headers.get(field), field).toBe(got.headers.get(field));
    }
  });

  it.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("does not take %s, and says what it takes", async (method) => {
    const response = await ask("/assets/site.css", {}, method);
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe("GET, HEAD");
  });

  it.each(["/assets/none.css", "/assets/", "/none/"])("that is not there is a 404 page: %s", async (path) => {
    const response = await ask(path);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain("There is nothing at this address.");
  });

  it.each(["/assets/%73ite.css", "//assets//site.css"])(
    "has one address, to which other spellings lead: %s",
    async (path) => {
      const { status, location } = await askAsIs(path);
      expect({ status, location }).toEqual({ status: 307, location: "/assets/site.css" });
    },
  );

  it.each([
    "/../index.ts",
    "/assets/../../index.ts",
    "/assets/%2e%2e/%2e%2e/index.ts",
    "/assets/..%2f..%2findex.ts",
    "/assets/..%5c..%5cindex.ts",
    "/..%252findex.ts",
    "/_headers",
  ])("is never one from outside of the folder: %s", async (path) => {
    expect((await askAsIs(path)).status).toBe(404);
  });
});

/** A request with the path as it stands: `fetch` would have tidied it. */
function askAsIs(path: string): Promise<{ status: number | undefined; location: string | undefined }> {
  return new Promise((resolve, reject) => {
    get({ host: site.url.hostname, port: site.url.port, path }, (response) => {
      response.resume();
      resolve({ status: response.statusCode, location: response.headers.location });
    }).on("error", reject);
  });
}

describe("a conditional request (RFC 9110 13)", () => {
  const unchanged = [() => etag, () => `W/${etag}`, () => `"other", ${etag}`, () => "*"];

  it.each(unchanged)("is answered 304 where If-None-Match names the file: form %#", async (field) => {
    for (const method of ["GET", "HEAD"]) {
      const response = await ask("/assets/site.css", { "If-None-Match": field() }, method);
      expect(response.status).toBe(304);
      expect(response.headers.get("ETag")).toBe(etag);
      expect(response.headers.get("Cache-Control")).toBe("public, max-age=0, must-revalidate");
      expect(response.headers.has("Content-Type")).toBe(false);
      expect(await response.text()).toBe("");
    }
  });

  it("is answered in full where the file is another", async () => {
    const response = await ask("/assets/site.css", { "If-None-Match": '"other", "another"' });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(css);
  });

  it("is answered 412 where If-Match names another file", async () => {
    expect((await ask("/assets/site.css", { "If-Match": '"other"' })).status).toBe(412);
    const matching = await ask("/assets/site.css", { "If-Match": etag });
    expect(matching.status).toBe(200);
    await matching.text();
  });

  it("is judged before its range (13.2.2)", async () => {
    expect((await ask("/assets/site.css", { "If-None-Match": etag, Range: "bytes=0-9" })).status).toBe(304);
  });
});

describe("a range request (RFC 9110 14)", () => {
  it.each([
    ["bytes=0-9", 0, 10],
    ["bytes=100-", 100, undefined],
    ["bytes=-100", -100, undefined],
    ["bytes=5-5", 5, 6],
    ["bytes=0-999999", 0, undefined],
  ] as const)("%s is answered by exactly these bytes", async (range, start, end) => {
    const size = Buffer.byteLength(css);
    const bytes = Buffer.from(css).subarray(start, end);
    const first = start < 0 ? size + start : start;
    const response = await ask("/assets/site.css", { Range: range });
    expect(response.status).toBe(206);
    expect(await response.text()).toBe(bytes.toString());
    expect(response.headers.get("Content-Range")).toBe(`bytes ${first}-${first + bytes.length - 1}/${size}`);
    expect(response.headers.get("Content-Length")).toBe(`${bytes.length}`);
    expect(response.headers.get("ETag")).toBe(etag);
    expect(response.headers.get("Cache-Control")).toContain("no-transform");
  });

  it("is answered 416 with the size where the file ends before it", async () => {
    const response = await ask("/assets/site.css", { Range: `bytes=${Buffer.byteLength(css)}-` });
    expect(response.status).toBe(416);
    expect(response.headers.get("Content-Range")).toBe(`bytes */${Buffer.byteLength(css)}`);
  });

  it.each([
    ["several parts", { Range: "bytes=0-1,5-6" }],
    ["a malformed field", { Range: "bytes=9-0" }],
    ["another unit", { Range: "lines=0-1" }],
    ["If-Range of another file", { Range: "bytes=0-9", "If-Range": '"other"' }],
    ["If-Range with a date", { Range: "bytes=0-9", "If-Range": "Sat, 29 Oct 1994 19:43:31 GMT" }],
  ])("is answered in full for %s", async (_, headers) => {
    const response = await ask("/assets/site.css", headers);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(css);
  });

  it("is answered by the part where If-Range names the file", async () => {
    const response = await ask("/assets/site.css", { Range: "bytes=0-9", "If-Range": etag });
    expect(response.status).toBe(206);
    expect(await response.text()).toBe(css.slice(0, 10));
  });

  it("is not for HEAD (14.2)", async () => {
    const response = await ask("/assets/site.css", { Range: "bytes=0-9" }, "HEAD");
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Length")).toBe(`${Buffer.byteLength(css)}`);
  });
});
