import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Manifest, StaticFile } from "../../shared/http/static-file.ts";
import { compileRedirects } from "../../shared/http/redirects.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { present } from "../../shared/kernel/assert.ts";
import { serveStatic } from "../../workers/origin/server/static.ts";

/** The assets binding: it has the files that it is given, and says what it was asked. */
class Assets {
  asked: string[] = [];
  readonly #files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

  constructor(files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>) {
    this.#files = new Map(Object.entries(files));
  }

  readonly fetch = (url: string, { method = "GET" }: { readonly method?: string } = {}): Promise<Response> => {
    const { pathname } = new URL(url);
    this.asked.push(`${method} ${pathname}`);
    const bytes = this.#files.get(pathname);
    const headers = { "Content-Type": "text/plain", ETag: '"platform"', "CF-Cache-Status": "HIT", "X-Given": "yes" };
    if (bytes === undefined) return Promise.resolve(new Response("no such file", { status: 404 }));
    return Promise.resolve(new Response(method === "HEAD" ? null : bytes, { headers }));
  };
}

let next = 0;

/** A file with a tag of its own: what is kept in memory is kept from test to test. */
const fileOf = (sizeBytes: number): StaticFile => ({
  type: "text/plain; charset=utf-8",
  sizeBytes,
  tag: `tag-${(next += 1)}`,
  modifiedS: 0,
  compressible: false,
  variants: {},
});

/** A site of one file, `/file.txt`, beside those that are given. */
function siteOf(sizeBytes: number, more: Partial<Manifest> = {}, immutable: readonly string[] = []) {
  const file = fileOf(sizeBytes);
  const assets = new Assets({ "/file.txt": new Uint8Array(sizeBytes).fill(65) });
  const { redirects = [], ...manifest } = { files: { "/file.txt": file }, hasHeaders: false, ...more };
  const ask = (path: string, init: RequestInit = {}) =>
    serveStatic(new Request(`https://site.test${path}`, init), {
      assets: assets as unknown as Fetcher,
      manifest,
      findRedirect: compileRedirects(redirects),
      immutable,
    });
  return { file, assets, ask };
}

const read = async (response: Response | null) => (await response?.arrayBuffer())?.byteLength;

describe("the assets binding", () => {
  it("is asked once for a file that is kept, whatever is asked of the file", async () => {
    const { assets, ask } = siteOf(1000);
    expect(await read(await ask("/file.txt"))).toBe(1000);
    expect(await read(await ask("/file.txt"))).toBe(1000);
    expect(await read(await ask("/file.txt", { headers: { Range: "bytes=0-9" } }))).toBe(10);
    expect(assets.asked).toEqual(["GET /file.txt"]);
  });

  it("is not asked for an answer without content", async () => {
    const { assets, ask, file } = siteOf(1000);
    const answers = [
      await ask("/file.txt", { method: "HEAD" }),
      await ask("/file.txt", { headers: { "If-None-Match": `"${file.tag}"` } }),
      await ask("/file.txt", { headers: { "If-Match": '"other"' } }),
      await ask("/file.txt", { headers: { Range: "bytes=1000-" } }),
      await ask("/file.txt", { method: "OPTIONS" }),
      await ask("/file.txt", { method: "POST" }),
    ];
    expect(answers.map((each) => each?.status)).toEqual([200, 304, 412, 416, 204, 405]);
    expect(assets.asked).toEqual([]);
  });

  it("is not asked for what is no file", async () => {
    const { assets, ask } = siteOf(1000);
    for (const path of ["/", "/posts", "/posts/", "/none.css", "/%zz", "/file.txt/"])
      expect(await ask(path)).toBeNull();
    expect(assets.asked).toEqual([]);
  });

  it("is not asked for a redirect, which goes before a file, nor for what is none", async () => {
    const redirects: Manifest["redirects"] = [
      { from: "/old", to: "/new", status: 301 },
      { from: "/file.txt", to: "https://example.com/", status: 307 },
    ];
    const { assets, ask } = siteOf(1000, { redirects });
    const sent = async (path: string, method = "GET") => {
      const response = await ask(path, { method });
      return `${response?.status} ${response?.headers.get("Location")}`;
    };
    expect(await sent("//old?a=1")).toBe("301 /new?a=1");
    expect(await sent("/file.txt")).toBe("307 https://example.com/");
    expect(await sent("/file.txt", "POST")).toBe("307 https://example.com/");
    expect(await ask("/none")).toBeNull();
    expect(assets.asked).toEqual([]);
  });

  it("is asked once for the fields of _headers, and never for the content along with them", async () => {
    const { assets, ask } = siteOf(1000, { hasHeaders: true });
    for (const method of ["HEAD", "HEAD"]) {
      const response = await ask("/file.txt", { method });
      expect(response?.headers.get("X-Given")).toBe("yes");
      expect(response?.headers.get("ETag")).not.toBe('"platform"');
      expect(response?.headers.has("CF-Cache-Status")).toBe(false);
      expect(response?.headers.get("Content-Type")).toBe("text/plain; charset=utf-8");
    }
    expect(assets.asked).toEqual(["HEAD /file.txt"]);
  });
});

it("a file below a path that the site names never changes", async () => {
  const cached = async (immutable: readonly string[]) =>
    (await siteOf(10, {}, immutable).ask("/file.txt"))?.headers.get("Cache-Control");
  expect(await cached(["/"])).toBe("public, max-age=31536000, immutable");
  expect(await cached(["/build"])).toBe("public, max-age=0, must-revalidate");
});

describe("memory", () => {
  it("keeps a file of the largest size, and none that is larger", async () => {
    const kept = siteOf(limits.staticCachedFileBytes);
    await read(await kept.ask("/file.txt"));
    await read(await kept.ask("/file.txt"));
    expect(kept.assets.asked).toHaveLength(1);
    const streamed = siteOf(limits.staticCachedFileBytes + 1);
    expect(await read(await streamed.ask("/file.txt"))).toBe(limits.staticCachedFileBytes + 1);
    await read(await streamed.ask("/file.txt"));
    expect(streamed.assets.asked).toHaveLength(2);
  });

  it("is bounded: the file that was not asked for longest goes", async () => {
    const first = siteOf(limits.staticCachedFileBytes);
    await read(await first.ask("/file.txt"));
    const others = limits.staticCacheBytes / limits.staticCachedFileBytes;
    for (let count = 1; count < others; count += 1)
      await read(await siteOf(limits.staticCachedFileBytes).ask("/file.txt"));
    await read(await first.ask("/file.txt"));
    expect(first.assets.asked).toHaveLength(1);
    for (let count = 0; count < others; count += 1)
      await read(await siteOf(limits.staticCachedFileBytes).ask("/file.txt"));
    await read(await first.ask("/file.txt"));
    expect(first.assets.asked).toHaveLength(2);
  });

  it("of the fields of _headers is bounded as well", async () => {
    const first = siteOf(1, { hasHeaders: true });
    await first.ask("/file.txt", { method: "HEAD" });
    for (let count = 0; count < limits.staticFields; count += 1) {
      await siteOf(1, { hasHeaders: true }).ask("/file.txt", { method: "HEAD" });
    }
    await first.ask("/file.txt", { method: "HEAD" });
    expect(first.assets.asked).toHaveLength(2);
  });
});

describe("a part of a large file", () => {
  const size = limits.staticCachedFileBytes * 3;
  const chunkBytes = 100_000;

  /** A file that comes chunk by chunk, and breaks off or ends after so many bytes. */
  function slowly(range: string, { brokenAt = Infinity, endsAt = size } = {}) {
    const seen = { pulled: 0, cancelled: 0 };
    const body = new ReadableStream({
      type: "bytes",
      pull(controller) {
        if (seen.pulled >= brokenAt) return controller.error(new Error("the assets broke off"));
        if (seen.pulled >= endsAt) return end(controller);
        controller.enqueue(bytesAt(seen.pulled, chunkBytes));
        seen.pulled += chunkBytes;
      },
      cancel() {
        seen.cancelled += 1;
      },
    });
    const assets = { fetch: () => Promise.resolve(new Response(body)) } as unknown as Fetcher;
    const manifest = { files: { "/file.txt": fileOf(size) }, hasHeaders: false };
    const request = new Request("https://site.test/file.txt", { headers: { Range: range } });
    return { seen, response: serveStatic(request, { assets, manifest, findRedirect: () => null, immutable: [] }) };
  }

  function end(controller: ReadableByteStreamController): void {
    controller.close();
    controller.byobRequest?.respond(0);
  }

  /** Bytes that tell where they are. */
  const byteAt = (at: number): number => at % 251;
  const bytesAt = (first: number, length: number) => new Uint8Array(length).map((_, index) => byteAt(first + index));

  it.each([
    ["bytes=150000-249999", 150_000, 249_999],
    ["bytes=0-0", 0, 0],
    [`bytes=1-${limits.staticStepBytes}`, 1, limits.staticStepBytes],
    [
      `bytes=${limits.staticStepBytes}-${3 * limits.staticStepBytes}`,
      limits.staticStepBytes,
      3 * limits.staticStepBytes,
    ],
  ])("has the bytes of %s, is read to its end and no further", async (range, first, last) => {
    const { seen, response } = slowly(range);
    const bytes = new Uint8Array(await present(await response, "a response").arrayBuffer());
    expect(bytes).toHaveLength(last - first + 1);
    expect(bytes.findIndex((byte, index) => byte !== byteAt(first + index))).toBe(-1);
    expect(seen.pulled).toBeLessThanOrEqual((Math.ceil(last / chunkBytes) + 1) * chunkBytes);
    await vi.waitFor(() => expect(seen.cancelled).toBe(1));
  });

  it.each([
    ["breaks off before it", { brokenAt: 100_000 }, "broke off"],
    ["breaks off within it", { brokenAt: 200_000 }, "broke off"],
    ["ends within it", { endsAt: 200_000 }, "the assets end at byte 200000"],
  ])("breaks where the file %s", async (_, how, message) => {
    const { response } = slowly("bytes=150000-349999", how);
    await expect(present(await response, "a response").arrayBuffer()).rejects.toThrow(message);
  });

  it("of which nobody takes the rest is left alone", async () => {
    const { seen, response } = slowly(`bytes=0-${size - 1}`);
    const reader = present((await response)?.body, "a body").getReader();
    await reader.read();
    await reader.cancel();
    await vi.waitFor(() => expect(seen.cancelled).toBe(1));
    expect(seen.pulled).toBeLessThan(size / 2);
  });
});

describe("assets of another build than the manifest", () => {
  it("are an error, never the wrong bytes", async () => {
    const { file, ask } = siteOf(1000, { files: { "/none.txt": fileOf(1), "/file.txt": fileOf(999) } });
    expect(file.sizeBytes).toBe(1000);
    await expect(ask("/none.txt")).rejects.toThrow("404");
    await expect(ask("/file.txt")).rejects.toThrow("1000 bytes in place of 999");
  });
});

/** Node has neither. Here they are only as good as these tests need them. */
beforeEach(() => {
  Object.assign(ReadableStreamBYOBReader.prototype, {
    readAtLeast(this: { read(view: Uint8Array, how: object): Promise<unknown> }, min: number, view: Uint8Array) {
      return this.read(view, { min });
    },
  });
  vi.stubGlobal("FixedLengthStream", function stream() {
    return new TransformStream();
  });
});
