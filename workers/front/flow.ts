import { limits } from "../../shared/kernel/limits.ts";

type Read = ReadableStreamReadResult<Uint8Array>;

/** A body on its way: what is here of it, and where the rest comes from. */
export interface Flow {
  readonly chunks: readonly Uint8Array[];
  /** Where the rest comes from; `null` when there is none. */
  readonly rest: { readonly reader: ReadableStreamBYOBReader; readonly next: Promise<Read> } | null;
}

/** Nothing of it is here yet. */
export function openFlow(body: ReadableStream<Uint8Array>): Flow {
  const reader = body.getReader({ mode: "byob" });
  return { chunks: [], rest: { reader, next: read(reader, 0) } };
}

/** Memory for a large chunk is not had for nothing, so there is none before a body has shown to be large. */
const read = (reader: ReadableStreamBYOBReader, bytesBefore: number): Promise<Read> =>
  reader.read(new Uint8Array(bytesBefore < smallBytes ? smallBytes : limits.chunkBytes));

const smallBytes = 4096;

/** When to stop reading ahead, before the end. */
export interface ReadAhead {
  /** When so many bytes are there. */
  readonly bytes: number;
  /** When nothing has come for so long. */
  readonly pauseMs: number;
}

/**
 * Reads a body to its end.
 *
 * @param onChunk called at each chunk.
 * @param until when to stop before, if at all.
 * @throws what the body breaks off with.
 */
export async function readAhead(flow: Flow, onChunk: () => void, until: ReadAhead | null): Promise<Flow> {
  const chunks = [...flow.chunks];
  const pause = until === null ? null : startPause(until.pauseMs);
  let { rest } = flow;
  for (let bytes = lengthOf(chunks); rest !== null && (until === null || bytes < until.bytes);) {
    const result = await (pause === null ? rest.next : Promise.race([rest.next, pause.over]));
    if (result === null) break;
    onChunk();
    if (result.value !== undefined && result.value.byteLength > 0) chunks.push(result.value);
    bytes = lengthOf(chunks);
    rest = result.done ? null : { ...rest, next: read(rest.reader, bytes) };
  }
  pause?.end();
  return { chunks, rest };
}

function startPause(ms: number) {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const over = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), ms)));
  return { over, end: () => clearTimeout(timer) };
}

export const lengthOf = (chunks: readonly Uint8Array[]): number =>
  chunks.reduce((bytes, { byteLength }) => bytes + byteLength, 0);

/** The bytes of a flow that has nothing to come. */
export function joined({ chunks }: Flow): Uint8Array {
  const [first] = chunks;
  if (first !== undefined && chunks.length === 1) return first;
  const whole = new Uint8Array(lengthOf(chunks));
  chunks.reduce((at, chunk) => (whole.set(chunk, at), at + chunk.byteLength), 0);
  return whole;
}

/** Which end of a flow it is about. */
export type End = "source" | "sink";

/** Where a flow broke, and what was said there; `null` when all of it arrived. */
export type Break = { readonly at: End; readonly error: unknown } | null;

/**
 * Lets a flow into a stream, one chunk at a time: the next one is read when the last one was taken. When the source
 * breaks, so does the stream, so that nobody takes a part for the whole; when the stream does, the source is the
 * caller's to end.
 *
 * @param onTurn called before each wait, with the end that is to move.
 * @param signal breaks both ends off.
 * @param beforeEnd the stream stays open until this is settled, though all is in it.
 */
export async function pump(
  flow: Flow,
  sink: WritableStream<Uint8Array>,
  onTurn: (end: End) => void,
  signal: AbortSignal,
  beforeEnd: Promise<unknown> | null = null,
): Promise<Break> {
  const writer = sink.getWriter();
  const breakOff = () => void writer.abort(signal.reason).catch(() => undefined);
  signal.addEventListener("abort", breakOff);
  let at: End = "source";
  const turn = (end: End) => onTurn((at = end));
  try {
    for await (const chunk of arriving(flow, () => turn("source"))) {
      turn("sink");
      await writer.write(chunk);
    }
    await beforeEnd;
    turn("sink");
    await writer.close();
    return null;
  } catch (error) {
    if (at === "source") await writer.abort(error).catch(() => undefined);
    return { at, error };
  } finally {
    signal.removeEventListener("abort", breakOff);
  }
}

async function* arriving({ chunks, rest }: Flow, onRead: () => void): AsyncGenerator<Uint8Array> {
  yield* chunks;
  if (rest === null) return;
  const { reader } = rest;
  for (let { next } = rest; ; next = reader.read(new Uint8Array(limits.chunkBytes))) {
    onRead();
    const { value, done } = await next;
    if (value !== undefined && value.byteLength > 0) yield value;
    if (done) return;
  }
}

/** A body in memory as a flow. */
export const flowOf = (bytes: Uint8Array): Flow => ({ chunks: bytes.byteLength === 0 ? [] : [bytes], rest: null });

/** Ends a flow that nobody wants any more. */
export function discard({ rest }: Flow, reason: unknown): void {
  rest?.reader.cancel(reason).catch(() => undefined);
}
