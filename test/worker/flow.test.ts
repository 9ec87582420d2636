import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { limits } from "../../shared/kernel/limits.ts";
import { openFlow, pump, readAhead } from "../../workers/front/flow.ts";
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
    fail: (error: Error) => controller?.error(error),
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
    expect([flow.rest, flow.start]).toEqual([
      null,
      new Uint8Array([1, 2, 3].flatMap((value) => [...bytes(1000, value)])),
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it(`stops at a pause of ${limits.readAheadMs} ms, and the chunk that comes then is not lost`, async () => {
    const source = body();
    const reading = readAhead(openFlow(source.stream), ignore, until);
    source.push(bytes(10, 1));
    await vi.advanceTimersByTimeAsync(limits.readAheadMs);
    const flow = await reading;
    expect([flow.start, flow.rest === null]).toEqual([bytes(10, 1), false]);
    source.push(bytes(20, 2));
    source.end();
    const whole = await readAhead(flow, ignore, null);
    expect(whole.start).toEqual(new Uint8Array([...bytes(10, 1), ...bytes(20, 2)]));
  });

  it(`stops at ${limits.readAheadBytes} bytes, one chunk of ${limits.chunkBytes} more at most`, async () => {
    const source = body();
    const reading = readAhead(openFlow(source.stream), ignore, until);
    source.push(bytes(4 * limits.readAheadBytes));
    const { byteLength } = (await reading).start;
    expect(byteLength).toBeGreaterThanOrEqual(limits.readAheadBytes);
    expect(byteLength).toBeLessThan(limits.readAheadBytes + limits.chunkBytes);
  });

  it("keeps no more memory than twice the bytes, however small the chunks are", async () => {
    const source = body();
    const reading = readAhead(openFlow(source.stream), ignore, null);
    for (let at = 0; at < 10_000; at++) source.push(bytes(1, at));
    source.end();
    const { start } = await reading;
    expect([start.byteLength, start.buffer.byteLength <= 20_000]).toEqual([10_000, true]);
    expect(start.every((value, at) => value === at % 256)).toBe(true);
  });
});

describe("a pump", () => {
  it("asks for the next chunk when the last one was taken", async () => {
    const source = body();
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const turns: string[] = [];
    const { signal } = new AbortController();
    const done = pump(openFlow(source.stream), { sink: writable, onTurn: (end) => turns.push(end), signal });
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
      void pump(openFlow(source.stream), { sink: writable, onTurn: ignore, signal: stop.signal });
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
    const sending = send(
      { kind: "streamed", flow: openFlow(source.stream), length: null, mostBytes: Infinity },
      patience,
    );
    patience.end();
    return { source, sending, refuse: () => sending.body.cancel("enough") };
  };

  it("is dropped until its end", async () => {
    const { source, sending, refuse } = refused();
    await refuse();
    for (let turn = 0; turn < 100; turn++) source.push(bytes(limits.chunkBytes));
    source.end();
    await sending.ended;
    expect([sending.clientBroke.aborted, vi.getTimerCount()]).toEqual([false, 0]);
  });

  it(`is cut off after ${limits.lingerSilenceMs} ms of silence`, async () => {
    const { source, sending, refuse } = refused();
    await refuse();
    source.push(bytes(1));
    await vi.advanceTimersByTimeAsync(limits.lingerSilenceMs - 1);
    expect(source.cancelled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(source.cancelled).toHaveBeenCalledOnce();
    await sending.ended;
  });

  it(`is cut off after ${limits.lingerMs} ms, though it still comes`, async () => {
    const { source, sending, refuse } = refused();
    await refuse();
    for (let atMs = 0; atMs < limits.lingerMs; atMs += 1000) {
      expect(source.cancelled).not.toHaveBeenCalled();
      source.push(bytes(1));
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(source.cancelled).toHaveBeenCalledOnce();
    await sending.ended;
  });
});

it("a client that breaks off ends the call before the body, which a server could take for a whole one", async () => {
  vi.stubGlobal("IdentityTransformStream", TransformStream);
  const source = body();
  const patience = new Patience({ client: 1000, server: 1000 });
  const sending = send(
    { kind: "streamed", flow: openFlow(source.stream), length: null, mostBytes: Infinity },
    patience,
  );
  const order: string[] = [];
  sending.clientBroke.addEventListener("abort", () => order.push("call"));
  const reading = sending.body
    .getReader()
    .read()
    .catch(() => order.push("body"));
  source.fail(new Error("gone"));
  await sending.ended;
  await reading;
  expect(order).toEqual(["call", "body"]);
  patience.end();
});
