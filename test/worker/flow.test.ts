import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { limits } from "../../shared/kernel/limits.ts";
import { joined, lengthOf, openFlow, pump, readAhead } from "../../workers/front/flow.ts";
import { Patience } from "../../workers/front/patience.ts";
import { send } from "../../workers/front/upload.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const bytes = (length: number, value = 120) => new Uint8Array(length).fill(value);

/** A body that is told what to do. */
function body() {
  let controller: ReadableByteStreamController | undefined;
  const cancelled = vi.fn<(reason: unknown) => void>();
  const stream = new ReadableStream({
    type: "bytes",
    start: (own) => void (controller = own),
    cancel: cancelled,
  });
  return {
    stream,
    cancelled,
    push: (chunk: Uint8Array) => controller?.enqueue(chunk),
    end: () => {
      controller?.close();
      controller?.byobRequest?.respond(0);
    },
  };
}

const until = { bytes: limits.readAheadBytes, pauseMs: limits.readAheadMs };
const ignore = () => undefined;

describe("reading ahead", () => {
  it("takes a body whole that is there", async () => {
    const source = body();
    const reading = readAhead(openFlow(source.stream), ignore, until);
    for (const value of [1, 2, 3]) source.push(bytes(1000, value));
    source.end();
    const flow = await reading;
    expect([flow.rest, joined(flow).byteLength]).toEqual([null, 3000]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it(`stops at a pause of ${limits.readAheadMs} ms, and the chunk that comes then is not lost`, async () => {
    const source = body();
    const reading = readAhead(openFlow(source.stream), ignore, until);
    source.push(bytes(10, 1));
    await vi.advanceTimersByTimeAsync(limits.readAheadMs);
    const flow = await reading;
    expect([lengthOf(flow.chunks), flow.rest === null]).toEqual([10, false]);
    source.push(bytes(20, 2));
    source.end();
    const whole = await readAhead(flow, ignore, null);
    expect(joined(whole)).toEqual(new Uint8Array([...bytes(10, 1), ...bytes(20, 2)]));
  });

  it(`stops at ${limits.readAheadBytes} bytes, and no chunk is larger than ${limits.chunkBytes}`, async () => {
    const source = body();
    const reading = readAhead(openFlow(source.stream), ignore, until);
    source.push(bytes(4 * limits.readAheadBytes));
    const flow = await reading;
    const length = lengthOf(flow.chunks);
    expect([length >= limits.readAheadBytes, length < limits.readAheadBytes + limits.chunkBytes]).toEqual([true, true]);
    expect(Math.max(...flow.chunks.map(({ byteLength }) => byteLength))).toBe(limits.chunkBytes);
  });
});

describe("a pump", () => {
  it("asks for the next chunk when the last one was taken", async () => {
    const source = body();
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const turns: string[] = [];
    const done = pump(openFlow(source.stream), writable, (end) => turns.push(end), new AbortController().signal);
    source.push(bytes(1));
    await vi.advanceTimersByTimeAsync(0);
    expect(turns).toEqual(["source", "sink"]);
    const reader = readable.getReader();
    await reader.read();
    source.end();
    expect((await reader.read()).done).toBe(true);
    expect(await done).toBe(null);
  });

  it("breaks the sink when it is told to stop, whichever end it waits for", async () => {
    for (const first of [null, bytes(1)]) {
      const source = body();
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const stop = new AbortController();
      void pump(openFlow(source.stream), writable, ignore, stop.signal);
      if (first !== null) source.push(first);
      await vi.advanceTimersByTimeAsync(0);
      stop.abort(new Error("stopped"));
      await expect(readable.getReader().read()).rejects.toThrow("stopped");
    }
  });
});

describe("the rest of an upload whose server has answered", () => {
  const refused = () => {
    vi.stubGlobal("IdentityTransformStream", TransformStream);
    const source = body();
    const patience = new Patience({ client: 1000, server: 1000 });
    const sending = send({ kind: "streamed", flow: openFlow(source.stream), length: null }, patience);
    patience.end();
    return { source, sending, refuse: () => sending.body.cancel("enough") };
  };

  it("is dropped until its end", async () => {
    const { source, sending, refuse } = refused();
    await refuse();
    for (let turn = 0; turn < 100; turn++) source.push(bytes(limits.chunkBytes));
    source.end();
    expect(await sending.ended).toEqual({ clientBroke: false });
    expect(vi.getTimerCount()).toBe(0);
  });

  it(`is cut off after ${limits.lingerMs} ms`, async () => {
    const { source, sending, refuse } = refused();
    await refuse();
    source.push(bytes(1));
    await vi.advanceTimersByTimeAsync(limits.lingerMs - 1);
    expect(source.cancelled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(source.cancelled).toHaveBeenCalledOnce();
    await sending.ended;
  });
});
