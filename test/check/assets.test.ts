import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import * as v from "valibot";
import { beforeEach, describe, expect, it, onTestFinished, test } from "vitest";
import { unstable_readConfig as readConfig } from "wrangler";
import { type AssetFolders, buildAssets } from "../../scripts/assets.ts";
import { bundle } from "../../scripts/bundle.ts";
import { root, workers } from "../../scripts/workers.ts";
import { assetPath } from "../../shared/http/static-file.ts";
import { present } from "../../shared/kernel/assert.ts";
import { limits } from "../../shared/kernel/limits.ts";

let folders: AssetFolders;

/** A folder of its own for each test, with these files. */
async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folders.source, name)), { recursive: true });
    await writeFile(join(folders.source, name), text);
  }
}

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "trefoil-assets-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  folders = { source: join(folder, "public"), target: join(folder, "assets"), manifest: join(folder, "assets.json") };
  await mkdir(folders.source);
});

const text = "the same words again and again\n".repeat(100);

/** What lies in the target, without folders. */
async function targetFiles(): Promise<string[]> {
  const entries = await readdir(folders.target, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted();
}

/** The file and when it was written, of everything that was. */
async function times(): Promise<(readonly [string, bigint])[]> {
  const files = [...(await targetFiles()), folders.manifest];
  return Promise.all(files.map(async (file) => [file, (await stat(file, { bigint: true })).ctimeNs] as const));
}

describe("the assets of a folder", () => {
  it("are its files, their variants where these are smaller, and what the manifest tells of them", async () => {
    await write({ "page.html": text, "tiny.css": "a{}", "deep/photo.png": text, LICENSE: text });
    await utimes(join(folders.source, "page.html"), 1_700_000_000.9, 1_700_000_000.9);
    const { files, ...others } = await buildAssets(folders);
    expect(others).toEqual({ hasHeaders: false, redirects: [] });
    expect(Object.keys(files).toSorted()).toEqual(["/LICENSE", "/deep/photo.png", "/page.html", "/tiny.css"]);
    const page = present(files["/page.html"], "the page");
    expect(page).toMatchObject({ type: "text/html; charset=utf-8", sizeBytes: text.length, modifiedS: 1_700_000_000 });
    const read = (coding: "br" | "gzip" | null) =>
      readFile(join(folders.target, assetPath("/page.html", page, coding)));
    expect((await read(null)).toString()).toBe(text);
    expect(brotliDecompressSync(await read("br")).toString()).toBe(text);
    expect(gunzipSync(await read("gzip")).toString()).toBe(text);
    expect(page.variants.br?.sizeBytes).toBe((await read("br")).byteLength);
    for (const path of ["/tiny.css", "/deep/photo.png", "/LICENSE"]) expect(files[path]?.variants).toEqual({});
    expect(JSON.parse(await readFile(folders.manifest, "utf8"))).toEqual({ files, ...others });
  });

  it("have tags that differ as their bytes do, and no others", async () => {
    await write({ "a.txt": text, "b.txt": text, "c.txt": `${text}.` });
    const { files } = await buildAssets(folders);
    const tags = Object.values(files).flatMap(({ tag, variants: { br, gzip } }) => [tag, br?.tag, gzip?.tag]);
    expect(tags).not.toContain(undefined);
    expect(new Set(tags).size).toBe(6);
    expect(tags.slice(0, 3)).toEqual(tags.slice(3, 6));
  });

  it("leave out what .assetsignore names, and have the rules, which are no files", async () => {
    const rules = {
      _headers: "/*\n  X-A: 1\n",
      _redirects: "/a /b 301\n",
      ".assetsignore": "*.map\n/private\n!keep.map\n",
    };
    await write({ ...rules, "app.map": text, "keep.map": text, "private/x.html": text, "deep/_headers": "no rules" });
    const { files, ...others } = await buildAssets(folders);
    expect(others).toEqual({ hasHeaders: true, redirects: [{ from: "/a", to: "/b", status: 301 }] });
    expect(Object.keys(files)).toEqual(["/deep/_headers", "/keep.map"]);
    const names = (await targetFiles()).map((file) => file.slice(folders.target.length + 1));
    // The assets binding would put _redirects before the files of the manifest.
    expect(names.filter((name) => !name.startsWith("_encoded/"))).toEqual(["_headers", "deep/_headers", "keep.map"]);
  });

  it("leave out what editors and tools leave behind, unless .assetsignore says otherwise", async () => {
    const left = [".env", ".DS_Store", ".git/config", "a/.git/HEAD", "a/.page.html.swp", "page.html.swp", "page.html~"];
    const served = [".well-known/security.txt", "a/b.html", "c~d.txt", "e#.txt", "swp"];
    const names = [...left, ...served, "#page.html#", ".well-known/.env", "Thumbs.db", "a/desktop.ini"];
    await write(Object.fromEntries(names.map((name) => [name, text])));
    expect(Object.keys((await buildAssets(folders)).files)).toEqual(served.map((name) => `/${name}`));
    await write({ ".assetsignore": "!.env\n" });
    const more = Object.keys((await buildAssets(folders)).files);
    expect(more).toContain("/.env");
    expect(more).toHaveLength(served.length + 2);
  });

  it("do without what is not there: a link that leads nowhere, a folder that is none", async () => {
    await write({ "page.html": text });
    await symlink("nowhere", join(folders.source, "dangling.html"));
    await symlink("page.html/below", join(folders.source, "below.html"));
    expect(Object.keys((await buildAssets(folders)).files)).toEqual(["/page.html"]);
    await rm(folders.source, { recursive: true });
    expect((await buildAssets(folders)).files).toEqual({});
  });

  it("come out though files appear and go while they are made", async () => {
    await write(Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`${index}.html`, `${index} ${text}`])));
    const program = `
      const { rmSync, writeFileSync, mkdirSync, writeSync } = require("node:fs");
      for (let turn = 0; ; turn += 1) {
        mkdirSync("moving", { recursive: true });
        for (let index = 0; index < 20; index += 1) writeFileSync(\`moving/\${index}.css\`, "a {}".repeat(turn % 9));
        rmSync("moving", { recursive: true });
        if (turn === 3) writeSync(1, "moving");
      }`;
    const mover = spawn(process.execPath, ["-e", program], {
      cwd: folders.source,
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void mover.kill("SIGKILL"));
    await once(mover.stdout, "data");
    for (let turn = 0; turn < 10; turn += 1) {
      const { files } = await buildAssets(folders);
      expect(Object.keys(files).filter((path) => path.endsWith(".html"))).toHaveLength(200);
    }
  });

  it("have no date in the future, which no cache would believe (RFC 9110 8.8.2.1)", async () => {
    await write({ "a.txt": text });
    await utimes(join(folders.source, "a.txt"), 4_000_000_000, 4_000_000_000);
    const { files } = await buildAssets(folders);
    expect(files["/a.txt"]?.modifiedS).toBeLessThanOrEqual(Date.now() / 1000);
  });

  it("are not touched where they are right already", async () => {
    await write({ "a.html": text, "b.css": text, _headers: "/*\n  X-A: 1\n" });
    const first = await buildAssets(folders);
    const before = await times();
    expect(await buildAssets(folders)).toEqual(first);
    expect(await times()).toEqual(before);
  });

  it("follow the folder: what is changed, gone, or a folder now", async () => {
    await write({ "a.html": text, "b.html": `b ${text}`, c: text, "d/e.html": text });
    await buildAssets(folders);
    for (const name of ["b.html", "c", "d"]) await rm(join(folders.source, name), { recursive: true });
    await write({ "a.html": `changed ${text}`, "c/f.html": text, d: text });
    const { files } = await buildAssets(folders);
    expect(Object.keys(files)).toEqual(["/a.html", "/c/f.html", "/d"]);
    expect(await readFile(join(folders.target, "a.html"), "utf8")).toBe(`changed ${text}`);
    // Three files, and two variants of each of the two pages.
    expect(await targetFiles()).toHaveLength(7);
  });

  it("come out the same when several make them at once", async () => {
    await write(Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`${index}.html`, `${index} ${text}`])));
    const [first, ...others] = await Promise.all([buildAssets(folders), buildAssets(folders), buildAssets(folders)]);
    for (const other of others) expect(other).toEqual(first);
    expect(await targetFiles()).toHaveLength(40 * 3);
    for (const [path, file] of Object.entries(first?.files ?? {})) {
      const bytes = await readFile(join(folders.target, assetPath(path, file, "br")));
      expect(brotliDecompressSync(bytes).byteLength).toBe(file.sizeBytes);
    }
  });
});

describe("a file that cannot be served", () => {
  const refusal = () =>
    buildAssets(folders).then(
      () => "none",
      (error: unknown) => String(error),
    );

  it("may be too large, by its first byte", async () => {
    await write({ "film.bin": "", "more.bin": "" });
    await truncate(join(folders.source, "film.bin"), limits.staticFileBytes);
    expect(await refusal()).toBe("none");
    await truncate(join(folders.source, "more.bin"), limits.staticFileBytes + 1);
    expect(await refusal()).toBe(
      `AssetsError: more.bin: ${limits.staticFileBytes + 1} bytes; the platform takes ${limits.staticFileBytes} at most.`,
    );
  });

  it("may have a name that no URL has, or that is ours", async () => {
    await write({ "back\\slash.html": text, "new\nline.html": text, "_encoded/a.html": text, "fine ü%.html": text });
    const found = await refusal();
    expect(found.split("\n")).toHaveLength(3);
    for (const part of ["back\\\\slash.html", "new\\nline.html", "_encoded/a.html"]) expect(found).toContain(part);
    expect(readdirSync(dirname(folders.target))).toEqual(["public"]);
  });

  it("may be a rule that nobody understands", async () => {
    await write({ _redirects: "/a /b\n/c /d 200\n" });
    expect(await refusal()).toMatch(/^AssetsError: _redirects, line 2: 200 would serve/);
  });

  it("may be one too many", async () => {
    const files = Array.from({ length: limits.staticFiles - 1 }, (_, index) => join(folders.source, `${index}.bin`));
    for (const file of files) writeFileSync(file, "");
    await write({ "back\\slash.bin": "" });
    expect(await refusal()).not.toContain("files");
    await write({ "more.bin": "" });
    expect(await refusal()).toContain(`${limits.staticFiles + 1} files; at most ${limits.staticFiles} are allowed.`);
  });
});

const origins = workers.filter(({ name }) => name.startsWith("origin-"));

const buildSchema = v.object({ build: v.object({ command: v.string(), watch_dir: v.array(v.string()) }) });

test("wrangler makes the assets before it bundles an origin, and watches every source of it", async () => {
  const outdir = await mkdtemp(join(tmpdir(), "trefoil-bundle-"));
  onTestFinished(() => rm(outdir, { recursive: true }));
  await bundle(present(origins[0], "an origin"), outdir, process.env);
  const map = v.parse(
    v.object({ sources: v.array(v.string()) }),
    JSON.parse(readFileSync(join(outdir, "index.js.map"), "utf8")),
  );
  const sources = map.sources
    .map((source) => resolve(outdir, source))
    .filter((source) => source.startsWith(root) && !/\/(node_modules|\.trefoil)\//.test(source))
    // In no folder that could be watched: docs/http.md says that it is read at the start.
    .filter((source) => source !== `${root}site.config.ts`);
  expect(sources.length).toBeGreaterThan(20);
  for (const { config } of origins) {
    const { build } = v.parse(buildSchema, readConfig({ config: root + config }, { hideWarnings: true }));
    expect(build.command).toBe("node --run origin");
    const watched = build.watch_dir.map((path) => resolve(path));
    // wrangler goes deaf for a single file as soon as an editor puts another in its place.
    expect(watched.filter((path) => !statSync(path).isDirectory())).toEqual([]);
    const isWatched = (file: string) => watched.some((path) => file.startsWith(`${path}/`));
    expect(sources.filter((source) => !isWatched(source))).toEqual([]);
    expect(isWatched(`${root}workers/origin/public/index.html`)).toBe(true);
    expect(isWatched(`${root}workers/origin/app/migrations/0001_posts.sql`)).toBe(true);
    // What is written there by the build itself would start the next one.
    expect(isWatched(`${root}workers/origin/.wrangler/tmp/x`)).toBe(false);
    expect(existsSync(`${root}workers/origin/server/.wrangler`)).toBe(false);
    expect(isWatched(`${root}.trefoil/public/index.html`)).toBe(false);
  }
});
