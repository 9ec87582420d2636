import { isWorthBuffering } from "../../shared/balance/redispatch.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { discard, type End, type Flow, openFlow, pump, readAhead, TooLong } from "./flow.ts";
import type { Party, Patience } from "./patience.ts";

/** The body of a request: not there, held whole, or still coming. */
export type Upload =
  | typeof noUpload
  | { readonly kind: "buffered"; readonly bytes: Uint8Array }
  | { readonly kind: "streamed"; readonly flow: Flow; readonly length: number | null; readonly mostBytes: number };

/** A request without a body, or with one that has no meaning. */
export const noUpload = { kind: "none" } as const;

/** Why there is none: the client broke off before the end of it or stood still for too long; or it is too long. */
export type NoUpload = "interrupted" | "too-long";

/**
 * Takes over the body of a request, and waits for one that is worth to be held.
 *
 * @param mostBytes what is longer goes to no server; one of unstated length breaks off there.
 */
export async function takeUpload(
  stream: ReadableStream<Uint8Array>,
  request: Request,
  patience: Patience,
  mostBytes: number,
): Promise<Upload | NoUpload> {
  const flow = openFlow(stream);
  const contentLength = request.headers.get("Content-Length");
  const length = contentLength === null ? null : Number(contentLength);
  if (length !== null && length > mostBytes) {
    await linger(flow, () => patience.turn("client"));
    return "too-long";
  }
  if (!isWorthBuffering(contentLength)) return { kind: "streamed", flow, length, mostBytes };
  try {
    const whole = await arrived(flow, patience);
    return whole === null ? "interrupted" : { kind: "buffered", bytes: whole.start };
  } catch (error) {
    console.info({ message: "client broke off", url: request.url, error: String(error) });
    return "interrupted";
  }
}

/** Waits for the whole of a body for as long as it moves; `null` when it does not. */
async function arrived(flow: Flow, patience: Patience): Promise<Flow | null> {
  const onChunk = () => patience.turn("client");
  onChunk();
  const whole = await patience.inTime(readAhead(flow, onChunk, null));
  if (whole === null) discard(flow, "It took too long.");
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
  /** Whether that is so. */
  readonly isOver: () => boolean;
}

/** Begins to send a streamed body. */
export function send(upload: Extract<Upload, { kind: "streamed" }>, patience: Patience): Sending {
  const { length } = upload;
  const { readable, writable } = length === null ? new IdentityTransformStream() : new FixedLengthStream(length);
  const clientBroke = new AbortController();
  let isOver = false;
  const ended = deliver(upload, writable, clientBroke, patience).finally(() => (isOver = true));
  return { body: readable, clientBroke: clientBroke.signal, ended, isOver: () => isOver };
}

const parties: Readonly<Record<End, Party>> = { source: "client", sink: "server" };

async function deliver(
  { flow, mostBytes }: Extract<Upload, { kind: "streamed" }>,
  sink: WritableStream<Uint8Array>,
  clientBroke: AbortController,
  patience: Patience,
): Promise<void> {
  const onTurn = (end: End) => patience.turn(parties[end]);
  const onBreak = (error: unknown) => clientBroke.abort(error);
  const broke = await pump(flow, { sink, onTurn, onBreak, signal: patience.signal, mostBytes });
  if (broke?.at === "sink" || broke?.error instanceof TooLong) await linger(flow, () => onTurn("source"));
  else if (broke === null) patience.turn("server");
}

/**
 * Takes what still comes of a body that the server did not want, and drops it: a client that is not listened to any more
 * would see its connection reset before it has read the answer (RFC 9112 9.6). The runtime ends the connection with the
 * answer, so the end of that waits for this: as long as the client sends, and `limits.lingerMs` at most.
 */
export async function linger({ rest }: Flow, onChunk: () => void): Promise<void> {
  if (rest === null) return;
  const { reader } = rest;
  const stop = () => reader.cancel("The server has answered.");
  const end = setTimeout(stop, limits.lingerMs);
  let silence = setTimeout(stop, limits.lingerSilenceMs);
  try {
    for (let { next } = rest; (await next) !== null; next = reader.next()) {
      onChunk();
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
