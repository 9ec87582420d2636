import { limits } from "../../shared/kernel/limits.ts";

/** A body on its way: the bytes of it that are here, and where the others come from. */
export interface Flow {
  readonly start: Uint8Array;
  /** `null` when `start` is all of it. */
  readonly rest: { readonly reader: ChunkReader; readonly next: Promise<Uint8Array | null> } | null;
}

/** A body of which nothing is here yet. */
export function openFlow(body: ReadableStream<Uint8Array>): Flow {
  const reader = new ChunkReader(body);
  return { start: new Uint8Array(), rest: { reader, next: reader.next() } };
}

/** A body in memory. */
export const flowOf = (bytes: Uint8Array): Flow => ({ start: bytes, rest: null });

/** Memory for large chunks is not had for nothing, so there is none before a body has shown to be large. */
const smallBytes = 4096;

/** Reads a body in chunks, however small they come, all into the same memory. */
class ChunkReader {
  readonly #reader: ReadableStreamBYOBReader;
  #memory = new ArrayBuffer(smallBytes);
  #bytes = 0;

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader({ mode: "byob" });
  }

  /** The next chunk, good until the one after it is asked for; `null` at the end. */
  async next(): Promise<Uint8Array | null> {
    if (this.#bytes >= smallBytes && this.#memory.byteLength === smallBytes)
      this.#memory = new ArrayBuffer(limits.chunkBytes);
    const { value, done } = await this.#reader.read(new Uint8Array(this.#memory));
    if (done || value === undefined) return null;
    this.#memory = value.buffer;
    this.#bytes += value.byteLength;
    return value;
  }

  /** Nobody wants the rest of it. */
  cancel(reason: unknown): void {
    this.#reader.cancel(reason).catch(() => undefined);
  }
}

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
export async function readAhead({ start, rest }: Flow, onChunk: () => void, until: ReadAhead | null): Promise<Flow> {
  const read = new Collected(start);
  const pause = until === null ? null : startPause(until.pauseMs);
  let left = rest;
  while (left !== null && (until === null || read.bytes.byteLength < until.bytes)) {
    const { reader, next } = left;
    const chunk = await (pause === null ? next : Promise.race([next, pause.over]));
    if (chunk === undefined) break;
    onChunk();
    if (chunk !== null) read.add(chunk);
    left = chunk === null ? null : { reader, next: reader.next() };
  }
  pause?.end();
  return { start: read.bytes, rest: left };
}

function startPause(ms: number) {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const over = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), ms)));
  return { over, end: () => clearTimeout(timer) };
}

/** Bytes that grow by copies. */
class Collected {
  #memory: Uint8Array;
  #length: number;

  constructor(start: Uint8Array) {
    this.#memory = start;
    this.#length = start.byteLength;
  }

  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }

  add(chunk: Uint8Array): void {
    const length = this.#length + chunk.byteLength;
    if (length > this.#memory.byteLength) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#memory.byteLength));
      larger.set(this.bytes);
      this.#memory = larger;
    }
    this.#memory.set(chunk, this.#length);
    this.#length = length;
  }
}

/** Which end of a flow it is about. */
export type End = "source" | "sink";

/** Where a flow broke, and what was said there; `null` when all of it arrived. */
export type Break = { readonly at: End; readonly error: unknown } | null;

/** How a flow is let into a stream. */
export interface Pumping {
  readonly sink: WritableStream<Uint8Array>;
  /** Called before each wait, with the end that is to move. */
  readonly onTurn: (end: End) => void;
  /** Called when the source breaks, before the sink is broken too. */
  readonly onBreak?: (error: unknown) => void;
  /** Breaks the sink off. */
  readonly signal: AbortSignal;
  /** The sink stays open until this is settled, though all is in it. */
  readonly beforeEnd?: Promise<unknown> | null;
  /** Called with the length of each chunk that the sink has taken. */
  readonly onTaken?: (bytes: number) => void;
  /** A source that gives more counts as broken, by `TooLong`. */
  readonly mostBytes?: number;
}

/** A body that is longer than it may be. */
export class TooLong extends Error {
  override readonly name = "TooLong";
}

/**
 * Lets a flow into a stream, one chunk at a time: the next one is read when the last one was taken. When the source
 * breaks, so does the sink, so that nobody takes a part for the whole; when the sink does, the source is the caller's to
 * end.
 */
export async function pump(
  flow: Flow,
  { sink, onTurn, onBreak, signal, beforeEnd, onTaken, mostBytes = Infinity }: Pumping,
): Promise<Break> {
  const writer = sink.getWriter();
  const breakOff = (reason: unknown) => writer.abort(reason).catch(() => undefined);
  const stop = () => void breakOff(signal.reason);
  signal.addEventListener("abort", stop);
  let at: End = "source";
  const turn = (end: End) => onTurn((at = end));
  let bytes = 0;
  try {
    for await (const chunk of arriving(flow, () => turn("source"))) {
      bytes += chunk.byteLength;
      if (bytes > mostBytes) throw new TooLong(`The body has more than ${mostBytes} bytes.`);
      turn("sink");
      const { byteLength } = chunk;
      await writer.write(chunk);
      onTaken?.(byteLength);
    }
    await beforeEnd;
    turn("sink");
    await writer.close();
    return null;
  } catch (error) {
    if (at === "source") {
      onBreak?.(error);
      await breakOff(error);
    }
    return { at, error };
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function* arriving({ start, rest }: Flow, onRead: () => void): AsyncGenerator<Uint8Array> {
  if (start.byteLength > 0) yield start;
  if (rest === null) return;
  for (let { next } = rest; ; next = rest.reader.next()) {
    onRead();
    const chunk = await next;
    if (chunk === null) return;
    yield chunk;
  }
}

/** Ends a flow that nobody wants any more. */
export const discard = ({ rest }: Flow, reason: unknown): void => rest?.reader.cancel(reason);
