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
  if (!isFinal(response)) throw new Error(`The server answers with a status ${response.status}, which is none.`);
  const body: ReadableStream<Uint8Array> | null = response.body;
  if (body === null || response.webSocket !== null) return { response, flow: null };
  const length = statedLength(response) ?? lengthKnown(body);
  const isSmall = length !== null && length <= stop.bytes && !isEventStream(response);
  const flow = isSmall ? await takeWhole(response) : await takeStart(body, response);
  const sent = flow.start.byteLength;
  if (flow.rest === null && length !== null && length !== sent)
    throw new Error(`The server states a length of ${length} bytes and sends ${sent}.`);
  return { response, flow };
}

/** RFC 9110 15: all other statuses mean nothing. A 101 is one only with what it opens. */
const isFinal = ({ status, webSocket }: Response): boolean => (status >= 200 && status <= 599) || webSocket !== null;

/** A body that is known to be small: by far the cheapest way to read one. */
const takeWhole = async (response: Response): Promise<Flow> => flowOf(new Uint8Array(await response.arrayBuffer()));

/** One of any length, as far as it comes at once. */
function takeStart(body: ReadableStream<Uint8Array>, response: Response): Flow | Promise<Flow> {
  const opened = openFlow(body);
  return isEventStream(response) ? opened : readAhead(opened, () => undefined, stop);
}

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

const isEventStream = ({ headers }: Response) =>
  headers.get("Content-Type")?.toLowerCase().startsWith("text/event-stream") ?? false;

/** The length of the body, where the fields say it. */
export function statedLength({ headers }: Response): number | null {
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
  /** Called with the length of each part that the client has taken. */
  readonly onTaken: (bytes: number) => void;
}

/**
 * The body of the response to the client: bytes if all is here, else a stream that breaks when the server's does, when
 * it is longer or shorter than stated, and when `patience` is over. It does not end before the request's body has.
 */
export async function bodyOf(delivery: Delivery): Promise<BodyInit | null> {
  const { answer, patience, uploaded, onTaken } = delivery;
  const { flow, response } = answer;
  if (flow?.rest || (uploaded !== null && mayHaveBody(response)))
    return streamed(flow ?? flowOf(new Uint8Array()), delivery);
  await uploaded;
  onTaken(flow?.start.byteLength ?? 0);
  patience.end();
  return flow === null ? null : flow.start;
}

/** RFC 9110 6.4.1. */
const mayHaveBody = ({ status, webSocket }: Response) => webSocket === null && ![204, 205, 304].includes(status);

/**
 * What is here whole streams only where it has to wait for the end of the request, so it goes in chunks: one of stated
 * length would be over with its last byte, and the runtime would close the connection on a client who still sends.
 */
function streamed(flow: Flow, delivery: Delivery): ReadableStream<Uint8Array> {
  const length = flow.rest === null ? null : statedLength(delivery.answer.response);
  const { readable, writable } = length === null ? new IdentityTransformStream() : new FixedLengthStream(length);
  void deliver(flow, writable, delivery);
  return readable;
}

const parties: Readonly<Record<End, Party>> = { source: "server", sink: "client" };

async function deliver(
  flow: Flow,
  sink: WritableStream<Uint8Array>,
  { patience, uploaded, onTaken }: Delivery,
): Promise<void> {
  const onTurn = (end: End) => patience.turn(parties[end]);
  const broke = await pump(flow, { sink, onTurn, onTaken, signal: patience.signal, beforeEnd: uploaded });
  patience.end(broke && parties[broke.at]);
  if (broke === null) return;
  flow.rest?.reader.cancel(broke.error);
  console.info({ message: "response broke off", at: parties[broke.at], error: String(broke.error) });
}
