import { judge, parseEntityTag, rangeHolds } from "../../shared/http/conditional.ts";
import { type ByteRange, contentRange, selectRange, unsatisfiedRange } from "../../shared/http/range.ts";
import { staticPath } from "../../shared/http/static-path.ts";

/** A file of the folder `public`, as the assets binding gave it; its body is not read yet. */
interface StaticFile {
  readonly url: string;
  readonly etag: string | null;
  readonly body: ReadableStream<Uint8Array> | null;
  /** The fields of every answer that stands for the file. */
  readonly headers: Headers;
}

/**
 * Answers for a static file, with the conditions and ranges of RFC 9110 13 and 14 that the assets binding leaves out.
 *
 * @returns a redirect where the folder's `_redirects` or the spelling of the path asks for one; `null` when there is no
 *   such file: then the request is the application's.
 */
export async function serveStatic(request: Request, assets: Fetcher): Promise<Response | null> {
  const url = new URL(request.url);
  const path = staticPath(url.pathname);
  if (path === null) return null;
  url.pathname = path;
  const response = await assets.fetch(url.href, { redirect: "manual" });
  if (response.status === 200) return answer(request, assets, fileOf(url.href, response));
  if (response.status !== 404) return response;
  await response.body?.cancel();
  return null;
}

function fileOf(url: string, { headers: given, body }: Response): StaticFile {
  const headers = new Headers(given);
  headers.delete("CF-Cache-Status");
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("Accept-Ranges", "bytes");
  return { url, etag: headers.get("ETag"), body, headers };
}

async function answer(request: Request, assets: Fetcher, file: StaticFile): Promise<Response> {
  const asked = (field: string) => request.headers.get(field);
  if (request.method !== "GET" && request.method !== "HEAD") return refusal(file, 405, { Allow: "GET, HEAD" });
  const tag = file.etag === null ? null : parseEntityTag(file.etag);
  const verdict = judge({ ifMatch: asked("If-Match"), ifNoneMatch: asked("If-None-Match") }, tag);
  if (verdict === "precondition-failed") return refusal(file, 412, {});
  if (verdict === "not-modified") return notModified(file);
  const size = await sizeOf(file, assets);
  if (request.method === "HEAD") return head(file, size);
  const selection = selectRange(rangeHolds(asked("If-Range"), tag) ? asked("Range") : null, size);
  if (selection.kind === "none") return refusal(file, 416, { "Content-Range": unsatisfiedRange(size) });
  return selection.kind === "part" ? part(file, selection, size) : whole(file, size);
}

/**
 * Bytes of a file by its entity tag. The tag is a hash of the content, so what is remembered is never wrong; there are
 * no more entries than files in the folder, of which the platform takes 100,000.
 */
const sizes = new Map<string, number>();

/** The size of a file. The assets binding does not tell it, so the file is read once by each isolate. */
async function sizeOf({ url, etag }: StaticFile, assets: Fetcher): Promise<number> {
  const known = etag === null ? undefined : sizes.get(etag);
  if (known !== undefined) return known;
  const body: ReadableStream<Uint8Array> | null = (await assets.fetch(url)).body;
  let size = 0;
  if (body !== null) for await (const chunk of body) size += chunk.byteLength;
  if (etag !== null) sizes.set(etag, size);
  return size;
}

/** 200, RFC 9110 15.3.1. */
function whole({ body, headers }: StaticFile, size: number): Response {
  return new Response(body?.pipeThrough(new FixedLengthStream(size)) ?? null, { headers });
}

/** 206, RFC 9110 15.3.7. Nobody on the way may compress it: Content-Range counts the bytes as they are in the file. */
function part({ body, headers }: StaticFile, range: ByteRange, size: number): Response {
  headers.set("Content-Range", contentRange(range, size));
  headers.append("Cache-Control", "no-transform");
  const length = new FixedLengthStream(range.last - range.first + 1);
  return new Response(body?.pipeThrough(cut(range)).pipeThrough(length) ?? null, { status: 206, headers });
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

/** The answer to HEAD: what GET would say about the whole file, RFC 9110 9.3.2. Ranges are for GET alone (14.2). */
async function head({ body, headers }: StaticFile, size: number): Promise<Response> {
  await body?.cancel();
  headers.set("Content-Length", `${size}`);
  return new Response(null, { headers });
}

/** 304, RFC 9110 15.4.5: the fields that guide a cache, none about the content that it has already. */
async function notModified({ body, headers }: StaticFile): Promise<Response> {
  await body?.cancel();
  headers.delete("Content-Type");
  return new Response(null, { status: 304, headers });
}

/** An answer that does not stand for the file: 405, 412 or 416. */
async function refusal({ body }: StaticFile, status: number, headers: HeadersInit): Promise<Response> {
  await body?.cancel();
  return new Response(null, { status, headers });
}
