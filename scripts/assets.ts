import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, sep } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import compressible from "compressible";
import ignore from "ignore";
import mime from "mime";
import {
  codings,
  type Coding,
  type Manifest,
  type Representation,
  type StaticFile,
  variantsFolder,
} from "../shared/http/static-file.ts";
import { present } from "../shared/kernel/assert.ts";
import { limits } from "../shared/kernel/limits.ts";
import { root } from "./workers.ts";

/** Files that cannot be served. The message has one line for each, and is for the user. */
export class AssetsError extends Error {
  override readonly name = "AssetsError";
}

/** From where to where. All paths are absolute. */
export interface AssetFolders {
  /** What the user writes. */
  readonly source: string;
  /** What wrangler uploads: `[assets] directory`. */
  readonly target: string;
  /** The file of the manifest: the import `#assets` of the origin. */
  readonly manifest: string;
}

/** Those of the site. */
export const siteAssets: AssetFolders = {
  source: `${root}workers/origin/public`,
  target: `${root}.trefoil/public`,
  manifest: `${root}.trefoil/assets.json`,
};

/** Read by the platform: they say how to serve the others. */
const rules = ["_headers", "_redirects"];

/**
 * Makes the assets of the origins: each file of the source, a brotli and a gzip variant where that is smaller, and the
 * manifest that tells the origin what there is. What is right already stays untouched, and a variant bears the hash of
 * its file as its name, so a run with nothing to do reads the files and no more. Every file is replaced whole, and a run
 * writes what any other would, so several at a time do not disturb each other.
 *
 * @throws {AssetsError} naming every file that cannot be served, before anything is written.
 */
export async function buildAssets({ source, target, manifest }: AssetFolders): Promise<Manifest> {
  const names = namesIn(source);
  const found = new Map(names.map((name) => [name, inspect(join(source, name))]));
  refuse(found);
  const files = [...found].filter(([name]) => !rules.includes(name));
  const write = writerBy(manifest);
  removeStale(target, new Set([...names, ...files.flatMap(([, { tag }]) => variantNames(tag))]));
  for (const name of names) write(join(target, name), readFileSync(join(source, name)));
  const described = await inParallel(files, ([name, file]) => describe(name, file, target, write));
  const built: Manifest = {
    files: Object.fromEntries(files.map(([name], index) => [`/${name}`, present(described[index], name)])),
    hasHeaders: found.has("_headers"),
    hasRedirects: found.has("_redirects"),
  };
  write(manifest, Buffer.from(JSON.stringify(built, null, 1)));
  return built;
}

/** A file as it lies in the source. */
interface Found extends Representation {
  readonly modifiedS: number;
}

function inspect(file: string): Found {
  const { size: sizeBytes, mtimeMs } = statSync(file);
  const tag = sizeBytes > limits.staticFileBytes ? "" : tagOf(readFileSync(file));
  return { sizeBytes, tag, modifiedS: Math.floor(Math.min(mtimeMs, Date.now()) / 1000) };
}

/** 128 bits: no two files of a site meet by chance. */
const tagOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex").slice(0, 32);

/** The files of the source by their paths with `/`, but those that `.assetsignore` names, as wrangler reads it. */
function namesIn(source: string): string[] {
  const patterns = readIfThere(join(source, ".assetsignore"))?.toString() ?? "";
  const ignorer = ignore().add(["/.assetsignore", ...patterns.split("\n")]);
  return namesBelow(source)
    .filter((name) => rules.includes(name) || !ignorer.ignores(name))
    .filter((name) => statSync(join(source, name)).isFile())
    .toSorted();
}

const namesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => name.split(sep).join("/"));

function refuse(found: ReadonlyMap<string, Found>): void {
  const problems = [...found].flatMap(([name, { sizeBytes }]) => [...problemsOf(name, sizeBytes)]);
  if (found.size > limits.staticFiles) problems.push(`${found.size} files; at most ${limits.staticFiles} are allowed.`);
  if (problems.length > 0) throw new AssetsError(problems.join("\n"));
}

function* problemsOf(name: string, sizeBytes: number): Generator<string> {
  if (sizeBytes > limits.staticFileBytes) {
    yield `${name}: ${sizeBytes} bytes; the platform takes ${limits.staticFileBytes} at most.`;
  }
  // eslint-disable-next-line no-control-regex -- exactly these are meant
  if (/[\0-\x1f\x7f\\\ufffd]/.test(name)) {
    yield `${JSON.stringify(name)}: a name that cannot be a URL path: no control characters, no backslash, UTF-8 only.`;
  }
  if (name.startsWith(`${variantsFolder}/`)) yield `${name}: the folder ${variantsFolder} is for the compressed files.`;
}

const variantNames = (tag: string): string[] => codings.map((coding) => `${variantsFolder}/${tag}.${coding}`);

/** Removes what no run would write: files, and folders where a file may now have to be. */
function removeStale(target: string, wanted: ReadonlySet<string>): void {
  const folders = new Set([...wanted].flatMap(parents));
  mkdirSync(target, { recursive: true });
  for (const name of namesBelow(target)) {
    const path = join(target, name);
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
    if (!(isFolder ? folders : wanted).has(name)) rmSync(path, { recursive: true, force: true });
  }
}

/** The folders that a name lies in. */
function parents(name: string): string[] {
  const parts = name.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

const unknownType = "application/octet-stream";

/** Makes the variants of a file that is in its place, and tells of all. */
async function describe(name: string, found: Found, target: string, write: Write): Promise<StaticFile> {
  const plain = mime.getType(name) ?? unknownType;
  // Bytes of no known kind are left as they are, and so does everybody on the way.
  const isCompressible = plain !== unknownType && (compressible(plain) ?? false);
  const variants: { [coding in Coding]?: Representation } = {};
  for (const coding of isCompressible ? codings : []) {
    const file = join(target, variantsFolder, `${found.tag}.${coding}`);
    const bytes = readIfThere(file) ?? (await compressors[coding](readFileSync(join(target, name))));
    if (bytes.byteLength >= found.sizeBytes) continue;
    write(file, bytes);
    variants[coding] = { sizeBytes: bytes.byteLength, tag: tagOf(bytes) };
  }
  return { type: withCharset(plain), ...found, compressible: isCompressible, variants };
}

/** Compression is done once and read many times, so it may take its time. */
const compressors: Readonly<Record<Coding, (bytes: Uint8Array) => Promise<Buffer>>> = {
  br: (bytes) =>
    promisify(brotliCompress)(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.byteLength,
      },
    }),
  gzip: (bytes) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
};

/** Types whose files are text, and text is UTF-8: what the `charset` of nginx is for. */
const isText = /^text\/|[/+](json|xml|javascript)$/;

const withCharset = (type: string): string => (isText.test(type) ? `${type}; charset=utf-8` : type);

function readIfThere(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

type Write = (file: string, bytes: Buffer) => void;

/**
 * Makes a file hold these bytes: not touched if it does already, replaced in one step if not. Drafts lie by the
 * manifest, for wrangler may be reading the target.
 */
const writerBy =
  (manifest: string): Write =>
  (file, bytes) => {
    if (readIfThere(file)?.equals(bytes)) return;
    mkdirSync(dirname(file), { recursive: true });
    const draft = `${manifest}.${randomUUID()}`;
    writeFileSync(draft, bytes);
    renameSync(draft, file);
  };

/** Does the work for each, as many at a time as there are processors: that many files are in memory. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

/** Run by wrangler as the `[build]` command of the origins, before each bundle. */
if (import.meta.main) {
  try {
    await buildAssets(siteAssets);
  } catch (error) {
    if (!(error instanceof AssetsError)) throw error;
    console.error(`Files of workers/origin/public cannot be served:\n${error.message.replaceAll(/^/gm, "  ")}`);
    process.exitCode = 1;
  }
}
