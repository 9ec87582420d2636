import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import compressible from "compressible";
import ignore from "ignore";
import mime from "mime";
import { readRedirects } from "../shared/http/redirects-file.ts";
import type { Redirect } from "../shared/http/redirects.ts";
import {
  codings,
  type Coding,
  type Manifest,
  type Representation,
  type StaticFile,
  variantsFolder,
} from "../shared/http/static-file.ts";
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

/** Say how to serve the others. The platform reads the first; it would put the second before every file that the origin asks it for. */
const [headersFile, redirectsFile] = ["_headers", "_redirects"];

/**
 * Makes the assets of the origins: each file of the source, a brotli and a gzip variant where that is smaller, and the
 * manifest that tells the origin what there is. What is right already stays untouched, and a variant bears the hash of
 * its file as its name, so a run with nothing to do reads the files and no more. Every file is replaced whole, and a run
 * writes what any other would, so several at a time do not disturb each other.
 *
 * @throws {AssetsError} naming every file that cannot be served, before anything is written.
 */
export async function buildAssets({ source, target, manifest }: AssetFolders): Promise<Manifest> {
  const redirects = redirectsIn(source);
  const found = foundIn(source);
  refuse(found);
  const write = writerBy(manifest);
  const wanted = [...found].flatMap(([name, { tag }]) => [name, ...(name === headersFile ? [] : variantNames(tag))]);
  removeStale(target, new Set(wanted));
  const placed = [...found].filter(([name]) => copy(join(source, name), join(target, name), write));
  const files = placed.filter(([name]) => name !== headersFile);
  const described = await inParallel(files, ([name, file]) => describe(name, file, target, write));
  const built: Manifest = {
    files: Object.fromEntries(described.filter((entry) => entry !== null)),
    hasHeaders: placed.length > files.length,
    redirects,
  };
  write(manifest, Buffer.from(JSON.stringify(built, null, 1)));
  return built;
}

function redirectsIn(source: string): readonly Redirect[] {
  const read = readRedirects(readIfThere(join(source, redirectsFile))?.toString() ?? "");
  if (!read.ok) throw new AssetsError(read.problems.join("\n"));
  return read.redirects;
}

/** A file as it lies in the source. */
interface Found extends Representation {
  readonly modifiedS: number;
}

/** What there is, by name. A file may go while the folder is read: editors keep some for a moment only. */
function foundIn(source: string): ReadonlyMap<string, Found> {
  const entries = namesIn(source).map((name) => [name, inspect(join(source, name))] as const);
  return new Map(entries.flatMap(([name, file]) => (file === null ? [] : [[name, file]])));
}

/** `null` where no file is (any more), and for a link that leads nowhere. */
function inspect(file: string): Found | null {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats?.isFile()) return null;
  const { size: sizeBytes, mtimeMs } = stats;
  const modifiedS = Math.floor(Math.min(mtimeMs, Date.now()) / 1000);
  if (sizeBytes > limits.staticFileBytes) return { sizeBytes, tag: "", modifiedS };
  const bytes = readIfThere(file);
  return bytes === null ? null : { sizeBytes: bytes.byteLength, tag: tagOf(bytes), modifiedS };
}

/** 128 bits: no two files of a site meet by chance. */
const tagOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex").slice(0, 32);

/**
 * What editors, tools and version control leave in a folder, which no site serves; of what begins with a dot only
 * `/.well-known/` (RFC 8615). `.assetsignore` can name it again.
 */
const neverMeant = [".*", "!/.well-known", "*~", "\\#*#", "*.swp", "Thumbs.db", "desktop.ini"];

/** What is in the source by its path with `/`, but what `.assetsignore` names, which wrangler would read alike. */
function namesIn(source: string): string[] {
  const patterns = readIfThere(join(source, ".assetsignore"))?.toString() ?? "";
  const ignorer = ignore().add([...neverMeant, ...patterns.split("\n"), "/.assetsignore", `/${redirectsFile}`]);
  return namesBelow(source)
    .filter((name) => name === headersFile || !ignorer.ignores(name))
    .toSorted();
}

/** A folder that went meanwhile has nothing in it. */
const namesBelow = (folder: string, prefix = ""): string[] =>
  ifThere(() => readdirSync(folder))?.flatMap((entry) => {
    const [path, name] = [join(folder, entry), `${prefix}${entry}`];
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
    return isFolder ? [name, ...namesBelow(path, `${name}/`)] : [name];
  }) ?? [];

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

/** Puts a file in its place, if it is still there. */
function copy(from: string, to: string, write: Write): boolean {
  const bytes = readIfThere(from);
  if (bytes !== null) write(to, bytes);
  return bytes !== null;
}

/** A path, and what the manifest says of it. */
type Entry = readonly [path: string, file: StaticFile];

/** Makes the variants of a file that is in its place, and tells of all; `null` where another run has removed it. */
async function describe(name: string, found: Found, target: string, write: Write): Promise<Entry | null> {
  const plain = mime.getType(name) ?? unknownType;
  // Bytes of no known kind are left as they are, and so does everybody on the way.
  const isCompressible = plain !== unknownType && (compressible(plain) ?? false);
  const variants: { [coding in Coding]?: Representation } = {};
  for (const coding of isCompressible ? codings : []) {
    const file = join(target, variantsFolder, `${found.tag}.${coding}`);
    const bytes = readIfThere(file) ?? (await compressed(join(target, name), coding));
    if (bytes === null) return null;
    if (bytes.byteLength >= found.sizeBytes) continue;
    write(file, bytes);
    variants[coding] = { sizeBytes: bytes.byteLength, tag: tagOf(bytes) };
  }
  return [`/${name}`, { type: withCharset(plain), ...found, compressible: isCompressible, variants }];
}

async function compressed(file: string, coding: Coding): Promise<Buffer | null> {
  const bytes = readIfThere(file);
  return bytes === null ? null : compressors[coding](bytes);
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

const readIfThere = (file: string): Buffer | null => ifThere(() => readFileSync(file));

/** What a look at the disk finds; `null` where nothing is, or where a folder of the path is a file now. */
function ifThere<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return null;
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
