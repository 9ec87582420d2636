import { isWorthBuffering } from "../../shared/balance/redispatch.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { discard, type End, type Flow, joined, openFlow, pump, readAhead } from "./flow.ts";
import type { Party, Patience } from "./patience.ts";

/** The body of a request: not there, held whole, or still coming. */
export type Upload =
  | { readonly kind: "none" }
  | { readonly kind: "buffered"; readonly bytes: Uint8Array }
  | { readonly kind: "streamed"; readonly flow: Flow; readonly length: number | null };

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
 * @returns `null` when the client broke off before the end of it, or `patience` is over.
 */
export async function takeUpload(request: Request, patience: Patience): Promise<Upload | null> {
  const stream = bodyIn(request);
  if (stream === null) return { kind: "none" };
  const flow = openFlow(stream);
  const contentLength = request.headers.get("Content-Length");
  if (!isWorthBuffering(contentLength))
    return { kind: "streamed", flow, length: contentLength === null ? null : Number(contentLength) };
  try {
    const whole = await arrived(flow, patience);
    return whole === null ? null : { kind: "buffered", bytes: joined(whole) };
  } catch (error) {
    console.info({ message: "client broke off", url: request.url, error: String(error) });
    return null;
  }
}

/** Waits for the whole of a body for as long as it moves; `null` when it does not. */
async function arrived(flow: Flow, patience: Patience): Promise<Flow | null> {
  const onChunk = () => patience.turn("client");
  const late = new Promise<null>((resolve) => patience.signal.addEventListener("abort", () => resolve(null)));
  onChunk();
  const whole = await Promise.race([readAhead(flow, onChunk, null), late]);
  if (whole === null) discard(flow, patience.signal.reason);
  else patience.turn("server");
  return whole;
}

const parties: Readonly<Record<End, Party>> = { source: "client", sink: "server" };

/** A streamed body on its way to a server. */
export interface Sending {
  /** What the server gets; the length, where the client has stated it. */
  readonly body: ReadableStream<Uint8Array>;
  /** Resolves when nothing more of it will come: did the client break off? */
  readonly ended: Promise<{ readonly clientBroke: boolean }>;
}

/** Begins to send a streamed body. It can be sent once. */
export function send({ flow, length }: Extract<Upload, { kind: "streamed" }>, patience: Patience): Sending {
  const { readable, writable } = length === null ? new IdentityTransformStream() : new FixedLengthStream(length);
  return { body: readable, ended: deliver(flow, writable, patience) };
}

async function deliver(flow: Flow, sink: WritableStream<Uint8Array>, patience: Patience) {
  const broke = await pump(flow, sink, (end) => patience.turn(parties[end]), patience.signal);
  if (broke?.at === "sink") await linger(flow);
  else if (broke === null) patience.turn("server");
  else console.info({ message: "client broke off", error: String(broke.error) });
  return { clientBroke: broke?.at === "source" };
}

/**
 * Takes what still comes of a body that the server did not want, and drops it: a client that is not listened to any more
 * would see its connection reset before it has read the answer (RFC 9112 9.6). The runtime ends the connection with the
 * answer, so the end of that waits for this.
 */
async function linger(flow: Flow): Promise<void> {
  const timer = setTimeout(() => discard(flow, "The server has answered."), limits.lingerMs);
  try {
    const reader = flow.rest?.reader;
    while (reader !== undefined && !(await reader.read(new Uint8Array(limits.chunkBytes))).done);
  } catch {
    // The client has gone, which is what we wait for.
  } finally {
    clearTimeout(timer);
  }
}
