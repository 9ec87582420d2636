import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../scripts/workers.ts";
import { askRaw } from "../support/raw-http.ts";
import { startSite, type TestSite } from "../support/site.ts";

let site: TestSite;
let css: string;

beforeAll(async () => {
  site = await startSite();
  css = await readFile(`${root}workers/origin/public/assets/site.css`, "utf8");
});
afterAll(() => site.close());

// The sample site's own files. What RFC 9110 says of files in general is in static-cases.test.ts.

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

  it("has the same tag and date on every server", async () => {
    const seen = new Set<string>();
    for (const name of ["origin-a", "origin-b", "origin-c"]) {
      const response = await site.worker(name).fetch("http://origin.test/assets/site.css");
      seen.add(`${response.headers.get("ETag")} ${response.headers.get("Last-Modified")}`);
      await response.text();
    }
    expect([...seen]).toEqual([expect.stringMatching(/^"[0-9a-f]{32}" \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/)]);
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

  it.each([
    ["POST", 405],
    ["PUT", 405],
    ["PATCH", 405],
    ["DELETE", 405],
    ["OPTIONS", 204],
  ])("does not take %s, and says what it takes", async (method, status) => {
    const response = await ask("/assets/site.css", {}, method);
    expect(response.status).toBe(status);
    expect(response.headers.get("Allow")).toBe("GET, HEAD, OPTIONS");
  });

  it.each(["/assets/none.css", "/assets/", "/none/"])("that is not there is a 404 page: %s", async (path) => {
    const response = await ask(path);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain("There is nothing at this address.");
  });

  it.each(["/assets/%73ite.css", "//assets//site.css"])("is found by other spellings of its path: %s", async (path) => {
    expect((await askRaw(site.url, { path })).status).toBe(200);
  });

  it.each([
    "/../index.ts",
    "/assets/../../index.ts",
    "/assets/%2e%2e/%2e%2e/index.ts",
    "/assets/..%2f..%2findex.ts",
    "/assets/..%5c..%5cindex.ts",
    "/..%252findex.ts",
    "/_headers",
    "/_encoded/",
  ])("is never one from outside of the folder: %s", async (path) => {
    expect((await askRaw(site.url, { path })).status).toBe(404);
  });
});
