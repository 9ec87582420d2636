import { limits } from "../../shared/kernel/limits.ts";
import { type End, type Flow, flowOf, openFlow, pump, readAhead } from "./flow.ts";
import type { Limits, Party, Patience } from "./patience.ts";

/** A server's answer: the header, and its body as far as it is here. */
export interface Answer {
  readonly response: Response;
  /** `null` when there is no body. */
  readonly flow: Flow | null;
}

/** Longest silence of a body under way, and of a tunnel. */
export interface Silence {
  readonly idleMs: number;
  readonly tunnelMs: number;
}

/** How a server is asked, so that its answer comes as it is: a redirect is the client's to follow, a coding his to undo. */
export const asItIs = { redirect: "manual", encodeResponseBody: "manual" } as const;

const stop = { bytes: limits.readAheadBytes, pauseMs: limits.readAheadMs };

/**
 * Takes an answer over, with its body if that is small and there: such a one cannot break off half-way through, and when
 * it does here, another server may still get the request.
 *
 * @throws what the body breaks off with, also when it is not of the length that it states.
 */
export async function takeAnswer(response: Response): Promise<Answer> {
  const body: ReadableStream<Uint8Array> | null = response.body;
  if (body === null || response.webSocket !== null) return { response, flow: null };
  const opened = openFlow(body);
  const flow = isEventStream(response) ? opened : await readAhead(opened, () => undefined, stop);
  const length = statedLength(response);
  const sent = flow.start.byteLength;
  if (flow.rest === null && length !== null && length !== sent)
    throw new Error(`The server states a length of ${length} bytes and sends ${sent}.`);
  return { response, flow };
}

const isEventStream = ({ headers }: Response) =>
  headers.get("Content-Type")?.toLowerCase().startsWith("text/event-stream") ?? false;

function statedLength({ headers }: Response): number | null {
  const field = headers.get("Content-Length");
  return field !== null && /^\d{1,15}$/.test(field) ? Number(field) : null;
}

/** How long either side of an answer may be silent. As in HAProxy, `timeout tunnel` takes the place of all others. */
export function silenceOf({ response }: Answer, { idleMs, tunnelMs }: Silence): Limits {
  const ms = response.webSocket !== null || isEventStream(response) ? tunnelMs : idleMs;
  return { client: ms, server: ms };
}

/** An answer on its way to the client. */
export interface Delivery {
  readonly answer: Answer;
  /** Watches over what is left of the bodies. */
  readonly patience: Patience;
  /** Settles when nothing more of the request's body will come; `null` when nothing was to come. */
  readonly uploaded: Promise<void> | null;
}

/**
 * The body of the response to the client: bytes if all is here, else a stream that breaks when the server's does, when
 * it is longer or shorter than stated, and when `patience` is over. It does not end before the request's body has.
 */
export async function bodyOf({ answer, patience, uploaded }: Delivery): Promise<BodyInit | null> {
  const { flow, response } = answer;
  if (flow?.rest || (uploaded !== null && mayHaveBody(response)))
    return streamed(flow ?? flowOf(new Uint8Array()), { answer, patience, uploaded });
  await uploaded;
  patience.end();
  return flow === null ? null : flow.start;
}

/** RFC 9110 6.4.1. */
const mayHaveBody = ({ status, webSocket }: Response) => webSocket === null && ![204, 205, 304].includes(status);

function streamed(flow: Flow, delivery: Delivery): ReadableStream<Uint8Array> {
  const length = flow.rest === null ? flow.start.byteLength : statedLength(delivery.answer.response);
  const { readable, writable } = length === null ? new IdentityTransformStream() : new FixedLengthStream(length);
  void deliver(flow, writable, delivery);
  return readable;
}

const parties: Readonly<Record<End, Party>> = { source: "server", sink: "client" };

async function deliver(flow: Flow, sink: WritableStream<Uint8Array>, { patience, uploaded }: Delivery): Promise<void> {
  const onTurn = (end: End) => patience.turn(parties[end]);
  const broke = await pump(flow, { sink, onTurn, signal: patience.signal, beforeEnd: uploaded });
  patience.end();
  if (broke === null) return;
  flow.rest?.reader.cancel(broke.error);
  console.info({ message: "response broke off", at: parties[broke.at], error: String(broke.error) });
}
