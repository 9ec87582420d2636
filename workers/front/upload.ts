import { isWorthBuffering } from "../../shared/balance/redispatch.ts";

/** The body of a request: not there, held whole, or still coming. */
export type Upload =
  | { readonly kind: "none" }
  | { readonly kind: "buffered"; readonly bytes: ArrayBuffer }
  | { readonly kind: "streamed"; readonly stream: ReadableStream<Uint8Array>; readonly length: number | null };

/**
 * Takes over the body of a request, and waits for one that is worth to be held. That of a GET or HEAD has no meaning (RFC
 * 9110 9.3.1), and the runtime sends none: it is left behind.
 */
export async function takeUpload(request: Request): Promise<Upload> {
  const { method, headers } = request;
  const body: ReadableStream<Uint8Array> | null = request.body;
  if (body === null || method === "GET" || method === "HEAD") return { kind: "none" };
  const contentLength = headers.get("Content-Length");
  if (isWorthBuffering(method, contentLength)) return { kind: "buffered", bytes: await request.arrayBuffer() };
  return { kind: "streamed", stream: body, length: contentLength === null ? null : Number(contentLength) };
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
