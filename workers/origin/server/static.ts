import type { ByteRange } from "../../../shared/http/range.ts";
import type { FindRedirect, Redirection } from "../../../shared/http/redirects.ts";
import {
  addFields,
  answerStatic,
  cacheControl,
  representationOf,
  type StaticAnswer,
} from "../../../shared/http/static-answer.ts";
import { assetPath, type Coding, type Manifest, type StaticFile } from "../../../shared/http/static-file.ts";
import { staticTarget } from "../../../shared/http/static-path.ts";
import { encodePath } from "../../../shared/http/url-path.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import { LruMap } from "../../../shared/kernel/lru.ts";

/** The files of a site, and how they are served. */
export interface StaticSite {
  /** The binding that has the bytes. */
  readonly assets: Fetcher;
  readonly manifest: Omit<Manifest, "redirects">;
  /** The redirects of the manifest. They go before its files. */
  readonly findRedirect: FindRedirect;
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
  const redirection = site.findRedirect(pathname, search);
  if (redirection !== null) return redirect(redirection);
  const { files } = site.manifest;
  const target = staticTarget(pathname, search, (path) => Object.hasOwn(files, path));
  if (target.kind === "folder" && isRead(request)) return redirect({ status: 301, location: target.location });
  const file = target.kind === "file" ? files[target.path] : undefined;
  return target.kind !== "file" || file === undefined ? null : answer(request, site, target.path, file);
}

const isRead = ({ method }: Request): boolean => method === "GET" || method === "HEAD";

const redirect = ({ status, location }: Redirection): Response =>
  new Response(null, { status, headers: { Location: location } });

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
  if (sizeBytes > limits.staticCachedFileBytes) {
    const { body }: { body: ReadableStream<Uint8Array> | null } = await ask(assets, assetPath(path, file, coding));
    if (body === null) throw new Error(`${path} has no bytes in place of ${sizeBytes}`);
    // The runtime does this without a turn of JavaScript.
    return content === "whole" ? body.pipeThrough(new FixedLengthStream(sizeBytes)) : cut(body, content);
  }
  const bytes = kept.get(tag) ?? (await read(assets, path, file, coding));
  return content === "whole" ? bytes : bytes.subarray(content.first, content.last + 1);
}

async function read(assets: Fetcher, path: string, file: StaticFile, coding: Coding | null) {
  const { sizeBytes, tag } = representationOf(file, coding);
  const bytes = new Uint8Array(await (await ask(assets, assetPath(path, file, coding))).arrayBuffer());
  if (bytes.byteLength !== sizeBytes) throw new Error(`${path} has ${bytes.byteLength} bytes in place of ${sizeBytes}`);
  kept.set(tag, bytes);
  return bytes;
}

/** Lets a run of bytes through, and reads no further than its end. */
function cut(body: ReadableStream<Uint8Array>, range: ByteRange): ReadableStream<Uint8Array> {
  const { readable, writable } = new FixedLengthStream(range.last - range.first + 1);
  void copyRange(body, range, writable);
  return readable;
}

/** Breaks the sink when the source breaks or is too short, and leaves the rest of the source when the sink is gone. */
async function copyRange(source: ReadableStream<Uint8Array>, range: ByteRange, sink: WritableStream<Uint8Array>) {
  const reader = source.getReader({ mode: "byob" });
  const writer = sink.getWriter();
  try {
    for (let at = 0; at <= range.last;) {
      const end = at < range.first ? range.first : range.last + 1;
      const step = Math.min(limits.staticStepBytes, end - at);
      const { value } = await reader.readAtLeast(step, new Uint8Array(step));
      if (value?.byteLength !== step) throw new Error(`the assets end at byte ${at + (value?.byteLength ?? 0)}`);
      if (at >= range.first) await writer.write(value);
      at += step;
    }
    await writer.close();
  } catch (error) {
    await Promise.allSettled([writer.abort(error)]);
  }
  await Promise.allSettled([reader.cancel()]);
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
