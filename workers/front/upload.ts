import { isWorthBuffering } from "../../shared/balance/redispatch.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { discard, type End, type Flow, openFlow, pump, readAhead } from "./flow.ts";
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
    return whole === null ? null : { kind: "buffered", bytes: whole.start };
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

/** A streamed body on its way to a server. It can be sent once. */
export interface Sending {
  /** What the server gets; with the length, where the client has stated it. */
  readonly body: ReadableStream<Uint8Array>;
  /**
   * Aborts the call when the client breaks the body off. The runtime would let a server take the broken body of a call
   * that goes on, if its length is not known, for a whole one.
   */
  readonly clientBroke: AbortSignal;
  /** Settles when nothing more of the body will come, or it was waited for long enough. */
  readonly ended: Promise<void>;
}

/** Begins to send a streamed body. */
export function send({ flow, length }: Extract<Upload, { kind: "streamed" }>, patience: Patience): Sending {
  const { readable, writable } = length === null ? new IdentityTransformStream() : new FixedLengthStream(length);
  const clientBroke = new AbortController();
  const ended = deliver(flow, writable, clientBroke, patience);
  return { body: readable, clientBroke: clientBroke.signal, ended };
}

const parties: Readonly<Record<End, Party>> = { source: "client", sink: "server" };

async function deliver(
  flow: Flow,
  sink: WritableStream<Uint8Array>,
  clientBroke: AbortController,
  patience: Patience,
): Promise<void> {
  const onTurn = (end: End) => patience.turn(parties[end]);
  const onBreak = (error: unknown) => clientBroke.abort(error);
  const broke = await pump(flow, { sink, onTurn, onBreak, signal: patience.signal });
  if (broke?.at === "sink") await linger(flow, patience);
  else if (broke === null) patience.turn("server");
}

/**
 * Takes what still comes of a body that the server did not want, and drops it: a client that is not listened to any more
 * would see its connection reset before it has read the answer (RFC 9112 9.6). The runtime ends the connection with the
 * answer, so the end of that waits for this: as long as the client sends, and `limits.lingerMs` at most.
 */
async function linger({ rest }: Flow, patience: Patience): Promise<void> {
  const reader = rest?.reader;
  if (reader === undefined) return;
  const stop = () => reader.cancel("The server has answered.");
  const end = setTimeout(stop, limits.lingerMs);
  let silence = setTimeout(stop, limits.lingerSilenceMs);
  try {
    while ((await reader.next()) !== null) {
      patience.turn("client");
      clearTimeout(silence);
      silence = setTimeout(stop, limits.lingerSilenceMs);
    }
  } catch {
    // The client has gone, which is what we wait for.
  } finally {
    clearTimeout(end);
    clearTimeout(silence);
  }
}
