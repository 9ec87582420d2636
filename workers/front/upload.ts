import { isWorthBuffering } from "../../shared/balance/redispatch.ts";

/** The body of a request: not there, held whole, or still coming. */
export type Upload =
  | { readonly kind: "none" }
  | { readonly kind: "buffered"; readonly bytes: ArrayBuffer }
  | { readonly kind: "streamed"; readonly stream: ReadableStream<Uint8Array>; readonly length: number | null };

/**
 * The body that goes on with a request. That of a GET or HEAD has no meaning (RFC 9110 9.3.1), and the runtime sends none:
 * it is left behind.
 */
export function bodyIn({ method, body }: Request): ReadableStream<Uint8Array> | null {
  return method === "GET" || method === "HEAD" ? null : body;
}

/**
 * Takes over the body of a request, and waits for one that is worth to be held.
 *
 * @returns `null` when the client broke off before the end of it.
 */
export async function takeUpload(request: Request): Promise<Upload | null> {
  const stream = bodyIn(request);
  if (stream === null) return { kind: "none" };
  const contentLength = request.headers.get("Content-Length");
  if (!isWorthBuffering(contentLength))
    return { kind: "streamed", stream, length: contentLength === null ? null : Number(contentLength) };
  try {
    return { kind: "buffered", bytes: await request.arrayBuffer() };
  } catch (error) {
    console.info({ message: "client broke off", url: request.url, error: String(error) });
    return null;
  }
}

/**
 * The body for a try: any number of times if it is buffered, once if it is streamed.
 *
 * @param onProgress called at every chunk of a streamed one, so that a slow client is not taken for a slow server.
 */
export function bodyOf(upload: Upload, onProgress: () => void): BodyInit | null {
  if (upload.kind === "none") return null;
  if (upload.kind === "buffered") return upload.bytes;
  const chunks = upload.stream.pipeThrough(watch(onProgress));
  return upload.length === null ? chunks : chunks.pipeThrough(new FixedLengthStream(upload.length));
}

const watch = (onProgress: () => void) =>
  new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      onProgress();
      controller.enqueue(chunk);
    },
  });
