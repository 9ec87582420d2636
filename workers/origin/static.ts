import type { ByteRange } from "../../shared/http/range.ts";
import {
  addFields,
  answerStatic,
  cacheControl,
  representationOf,
  type StaticAnswer,
} from "../../shared/http/static-answer.ts";
import { assetPath, type Coding, encodePath, type Manifest, type StaticFile } from "../../shared/http/static-file.ts";
import { staticTarget } from "../../shared/http/static-path.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { LruMap } from "../../shared/kernel/lru.ts";

/** The files of a site, and how they are served. */
export interface StaticSite {
  /** The binding that has the bytes. */
  readonly assets: Fetcher;
  readonly manifest: Manifest;
  /** Beginnings of the paths of files that never change: `assets.immutable` of the site configuration. */
  readonly immutable: readonly string[];
}

/**
 * Answers for a static file, as nginx would: RFC 9110 8 (representations), 12 (negotiation), 13 (conditions) and 14
 * (ranges), none of which the assets binding knows. A path that is no file costs one look into the manifest.
 *
 * @returns `null` when there is no such file: then the request is the application's.
 * @throws {Error} when the assets are not those of the manifest.
 */
export async function serveStatic(request: Request, site: StaticSite): Promise<Response | null> {
  const { pathname, search } = new URL(request.url);
  const { files, hasRedirects } = site.manifest;
  const target = staticTarget(pathname, search, (path) => Object.hasOwn(files, path));
  const file = target.kind === "file" ? files[target.path] : undefined;
  if (target.kind === "file" && file !== undefined) return answer(request, site, target.path, file);
  if (target.kind === "folder" && isRead(request)) return redirect(target.location);
  if (!hasRedirects || target.kind !== "none" || target.path === null) return null;
  return askForRedirect(`${target.path}${search}`, site);
}

const isRead = ({ method }: Request): boolean => method === "GET" || method === "HEAD";

const redirect = (location: string): Response => new Response(null, { status: 301, headers: { Location: location } });

/** The assets binding reads `_redirects`. It would also redirect to the spelling it likes, so it gets that one. */
async function askForRedirect(path: string, { assets }: StaticSite): Promise<Response | null> {
  const response = await assets.fetch(`${assetsHost}${path}`, { redirect: "manual" });
  if (response.status >= 300 && response.status < 400) return response;
  await response.body?.cancel();
  return null;
}

async function answer(request: Request, site: StaticSite, path: string, file: StaticFile): Promise<Response> {
  const decided = answerStatic(request, file, Math.floor(Date.now() / 1000));
  const { status, fields } = decided;
  if (!("coding" in decided)) return new Response(null, { status, headers: fields });
  const headers = new Headers(await givenFields(site, path, file));
  headers.set("Cache-Control", cacheControl(path, headers.get("Cache-Control"), site.immutable, status));
  addFields(headers, fields);
  const body = await bodyOf(decided, site, path, file);
  return new Response(body, { status, headers, encodeBody: decided.coding === null ? "automatic" : "manual" });
}

/** The fields that the folder's `_headers` adds, by the tag and path of the file. */
const given = new LruMap<string, Headers>(limits.staticFields);

async function givenFields({ assets, manifest }: StaticSite, path: string, file: StaticFile): Promise<Headers> {
  if (!manifest.hasHeaders) return noFields;
  const key = `${file.tag} ${path}`;
  const known = given.get(key);
  if (known !== undefined) return known;
  const { headers } = await ask(assets, encodePath(path), "HEAD");
  const fields = new Headers(headers);
  for (const name of own) fields.delete(name);
  if (essenceOf(fields.get("Content-Type")) === essenceOf(file.type)) fields.delete("Content-Type");
  if (!fields.has("X-Content-Type-Options")) fields.set("X-Content-Type-Options", "nosniff");
  given.set(key, fields);
  return fields;
}

/** What the assets binding says of itself, and of bytes that may not be the ones that are sent. */
const own = ["CF-Cache-Status", "Content-Encoding", "Content-Length", "Date", "ETag"];

/** A media type without its parameters. */
const essenceOf = (type: string | null): string | undefined => type?.split(";")[0]?.trim().toLowerCase();

const noFields = new Headers({ "X-Content-Type-Options": "nosniff" });

/** Files that are small and asked for, by the tags of their bytes: these never change. */
const kept = new LruMap<string, Uint8Array<ArrayBuffer>>(limits.staticCacheBytes, ({ byteLength }) => byteLength);

async function bodyOf(decided: StaticAnswer, { assets }: StaticSite, path: string, file: StaticFile) {
  if (!("coding" in decided) || decided.content === null) return null;
  const { coding, content } = decided;
  const { sizeBytes, tag } = representationOf(file, coding);
  const whole = { first: 0, last: sizeBytes - 1 };
  const range = content === "whole" ? whole : content;
  if (sizeBytes > limits.staticCachedFileBytes) return stream(assets, assetPath(path, file, coding), range);
  const bytes = kept.get(tag) ?? (await read(assets, path, file, coding));
  return content === "whole" ? bytes : bytes.subarray(range.first, range.last + 1);
}

async function read(assets: Fetcher, path: string, file: StaticFile, coding: Coding | null) {
  const { sizeBytes, tag } = representationOf(file, coding);
  const bytes = new Uint8Array(await (await ask(assets, assetPath(path, file, coding))).arrayBuffer());
  if (bytes.byteLength !== sizeBytes) throw new Error(`${path} has ${bytes.byteLength} bytes in place of ${sizeBytes}`);
  kept.set(tag, bytes);
  return bytes;
}

async function stream(assets: Fetcher, path: string, range: ByteRange): Promise<ReadableStream<Uint8Array> | null> {
  const { body } = await ask(assets, path);
  const length = new FixedLengthStream(range.last - range.first + 1);
  return body?.pipeThrough(cut(range)).pipeThrough(length) ?? null;
}

/** Lets a run of bytes through, and reads no further than its end. */
function cut({ first, last }: ByteRange): TransformStream<Uint8Array, Uint8Array> {
  let at = 0;
  return new TransformStream({
    transform(chunk, controller) {
      const piece = chunk.subarray(Math.max(0, first - at), Math.max(0, last + 1 - at));
      at += chunk.byteLength;
      if (piece.byteLength > 0) controller.enqueue(piece);
      if (at > last) controller.terminate();
    },
  });
}

/** The binding looks at the path alone. */
const assetsHost = "https://assets.invalid";

/** One call of the assets binding. It knows every path of the manifest, or one of the two is from another build. */
async function ask(assets: Fetcher, path: string, method = "GET"): Promise<Response> {
  const response = await assets.fetch(`${assetsHost}${path}`, { method, redirect: "manual" });
  if (response.status === 200) return response;
  await response.body?.cancel();
  throw new Error(`the assets answer ${response.status} for ${path}`);
}
