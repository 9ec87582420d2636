import { limits } from "../../shared/kernel/limits.ts";
import { type End, type Flow, flowOf, openFlow, pump, readAhead } from "./flow.ts";
import type { Limits, Party, Patience } from "./patience.ts";
import type { Visit } from "./visit.ts";

/** A server's answer: the header, and its body as far as it is here. */
export interface Answer {
  readonly response: Response;
  readonly status: number;
  /** `null` when there is no body. */
  readonly flow: Flow | null;
  /** Of the body, where the fields say it. */
  readonly statedLength: number | null;
  /** Whether it has no end that one could wait for: events, or a WebSocket. */
  readonly isEndless: boolean;
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
 * it does here, another server may still get the request. A body that is known to be small is taken whole: by far the
 * cheapest way to read one.
 *
 * @throws what the call or the body breaks off with, also when it is not of the length that it states.
 */
export async function takeAnswer(call: Promise<Response>): Promise<Answer> {
  const response = await call;
  const { status, headers } = response;
  if (status === 101 && response.webSocket !== null)
    return { response, status, flow: null, statedLength: null, isEndless: true };
  // RFC 9110 15: all other statuses mean nothing. A 101 is one only with what it opens.
  if (status < 200 || status > 599) throw new Error(`The server answers with a status ${status}, which is none.`);
  const body: ReadableStream<Uint8Array> | null = response.body;
  if (body === null) return { response, status, flow: null, statedLength: null, isEndless: false };
  const stated = statedLength(headers);
  const length = stated ?? lengthKnown(body);
  const isEndless = isEventStream(headers);
  const isSmall = !isEndless && length !== null && length <= stop.bytes;
  const flow = isSmall ? flowOf(new Uint8Array(await response.arrayBuffer())) : await takeStart(body, isEndless);
  const sent = flow.start.byteLength;
  if (flow.rest === null && length !== null && length !== sent)
    throw new Error(`The server states a length of ${length} bytes and sends ${sent}.`);
  return { response, status, flow, statedLength: stated, isEndless };
}

/** A body of any length, as far as it comes at once. */
const takeStart = (body: ReadableStream<Uint8Array>, isEndless: boolean): Flow | Promise<Flow> =>
  isEndless ? openFlow(body) : readAhead(openFlow(body), () => undefined, stop);

/**
 * By which the runtime shows a body's length to `util.inspect`, where it knows it: of one in memory, or of stated length.
 * Of the first it says nothing else: a service binding carries no `Content-Length` for it that a Worker would see. Where
 * a runtime has no such property, bodies are read the longer way.
 */
const inspectedLength = Object.getOwnPropertySymbols(ReadableStream.prototype).find(
  ({ description }) => description === "length",
);

function lengthKnown(body: ReadableStream<Uint8Array>): number | null {
  const length: unknown = inspectedLength && Reflect.get(body, inspectedLength);
  return typeof length === "bigint" ? Number(length) : null;
}

const isEventStream = (headers: Headers): boolean =>
  headers.get("Content-Type")?.toLowerCase().startsWith("text/event-stream") ?? false;

/** The length of the body, where the fields say it. */
export function statedLength(headers: Headers): number | null {
  const field = headers.get("Content-Length");
  return field !== null && /^\d{1,15}$/.test(field) ? Number(field) : null;
}

/** How long either side of an answer may be silent. As in HAProxy, `timeout tunnel` takes the place of all others. */
export function silenceOf({ isEndless }: Answer, { idleMs, tunnelMs }: Silence): Limits {
  const ms = isEndless ? tunnelMs : idleMs;
  return { client: ms, server: ms };
}

/** An answer on its way to the client. */
export interface Delivery {
  readonly answer: Answer;
  /** Watches over what is left of the bodies. */
  readonly patience: Patience;
  /** Settles when nothing more of the request's body will come; `null` when nothing was to come. */
  readonly uploaded: Promise<void> | null;
  /** Is told the length of each part that the client has taken. */
  readonly visit: Pick<Visit, "sent">;
}

/**
 * The body of the response to the client: bytes if all is here, else a stream that breaks when the server's does, when
 * it is longer or shorter than stated, and when `patience` is over. It does not end before the request's body has.
 */
export function bodyOf(delivery: Delivery): BodyInit | null {
  const { answer, patience, uploaded, visit } = delivery;
  const { flow } = answer;
  if (flow?.rest || (uploaded !== null && mayHaveBody(answer)))
    return streamed(flow ?? flowOf(new Uint8Array()), delivery);
  visit.sent(flow?.start.byteLength ?? 0);
  patience.end();
  return flow === null ? null : flow.start;
}

/** RFC 9110 6.4.1. */
const mayHaveBody = ({ status }: Answer): boolean => ![101, 204, 205, 304].includes(status);

/** Whether the answer has no body that could wait for the end of the request, so that all of it has to. */
export const mustWait = ({ answer, uploaded }: Delivery): boolean => uploaded !== null && !mayHaveBody(answer);

/**
 * What is here whole streams only where it has to wait for the end of the request, so it goes in chunks: one of stated
 * length would be over with its last byte, and the runtime would close the connection on a client who still sends.
 */
function streamed(flow: Flow, delivery: Delivery): ReadableStream<Uint8Array> {
  const length = flow.rest === null ? null : delivery.answer.statedLength;
  const { readable, writable } = length === null ? new IdentityTransformStream() : new FixedLengthStream(length);
  void deliver(flow, writable, delivery);
  return readable;
}

const parties: Readonly<Record<End, Party>> = { source: "server", sink: "client" };

async function deliver(
  flow: Flow,
  sink: WritableStream<Uint8Array>,
  { patience, uploaded, visit }: Delivery,
): Promise<void> {
  const onTaken = (bytes: number) => visit.sent(bytes);
  const onTurn = (end: End) => patience.turn(parties[end]);
  const broke = await pump(flow, { sink, onTurn, onTaken, signal: patience.signal, beforeEnd: uploaded });
  patience.end(broke && parties[broke.at]);
  if (broke === null) return;
  flow.rest?.reader.cancel(broke.error);
  console.info({ message: "response broke off", at: parties[broke.at], error: String(broke.error) });
}
