import { afterEach, describe, expect, test, vi } from "vitest";

import { limits } from "../../shared/kernel/limits.ts";
import { firstPage, type Probe, probe } from "../../workers/common/probe.ts";
import { wayTo } from "../../workers/common/server.ts";

vi.mock("cloudflare:workers", () => ({ WorkerEntrypoint: class {} }));

afterEach(() => void vi.unstubAllGlobals());

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The bindings of a Worker whose server answers so. */
const bound = (fetch: Fetch) => ({ ORIGIN_A: { fetch } });
const server = { binding: "ORIGIN_A" };
const asked: Probe = { path: "/health?full", method: "GET", timeoutMs: 200 };

test("asks a Worker by its binding, for the path and with the method of the check, and follows no redirect", async () => {
  const fetch = vi.fn<Fetch>(() => Promise.resolve(new Response(null, { status: 302 })));
  expect(await probe(bound(fetch), "control", server, firstPage)).toMatchObject({ type: "answered", status: 302 });
  expect(fetch).toHaveBeenCalledWith(
    "http://probe.invalid/",
    expect.objectContaining({ method: "HEAD", redirect: "manual" }),
  );
  await probe(bound(fetch), "control", server, asked);
  expect(fetch).toHaveBeenLastCalledWith(
    "http://probe.invalid/health?full",
    expect.objectContaining({ method: "GET" }),
  );
});

test("asks a server that is no Worker at its address", async () => {
  const fetch = vi.fn<Fetch>(() => Promise.resolve(new Response("well")));
  vi.stubGlobal("fetch", fetch);
  const answer = await probe({}, "control", { url: "http://127.0.0.1:9001" }, asked);
  expect(answer).toMatchObject({ type: "answered", status: 200, body: "well" });
  expect(fetch.mock.calls[0]?.[0]).toBe("http://127.0.0.1:9001/health?full");
});

test("asks it for the path, where a URL as a client sends it has none", async () => {
  const fetch = vi.fn<Fetch>(() => Promise.resolve(new Response("well")));
  vi.stubGlobal("fetch", fetch);
  const ask = wayTo({}, { url: "http://127.0.0.1:80" });
  for (const url of ["http://site.test:8", "http://site.test:8?a=/b", "http://site.test/?"])
    await ask?.(new URL(url), {});
  expect(fetch.mock.calls.map(([asked]) => asked)).toEqual([
    "http://127.0.0.1:80/",
    "http://127.0.0.1:80/?a=/b",
    "http://127.0.0.1:80/?",
  ]);
});

describe("the body", () => {
  test("is read where it counts alone", async () => {
    const cancelled = vi.fn<() => void>();
    const body = () => new ReadableStream({ cancel: cancelled });
    const env = bound(() => Promise.resolve(new Response(body())));
    expect(await probe(env, "control", server, firstPage)).toMatchObject({ type: "answered", body: null });
    expect(cancelled).toHaveBeenCalledOnce();
  });

  test(`is read up to ${limits.checkBodyBytes} bytes, and no further`, async () => {
    let pulled = 0;
    const cancelled = vi.fn<() => void>();
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(1000).fill(97));
      },
      cancel: cancelled,
    });
    const answer = await probe(
      bound(() => Promise.resolve(new Response(endless))),
      "control",
      server,
      asked,
    );
    expect(answer.type === "answered" && answer.body?.length).toBe(limits.checkBodyBytes);
    expect(pulled).toBeLessThanOrEqual(limits.checkBodyBytes / 1000 + 3);
    expect(cancelled).toHaveBeenCalledOnce();
  });

  test("is empty where there is none", async () => {
    const env = bound(() => Promise.resolve(new Response(null, { status: 204 })));
    expect(await probe(env, "control", server, asked)).toMatchObject({ status: 204, body: "" });
  });
});

describe("a server that does not answer", () => {
  test.each<[string, Fetch]>([
    ["with a header", () => new Promise(() => undefined)],
    ["with its body", () => Promise.resolve(new Response(new ReadableStream({})))],
  ])("%s is given up in time, though its call hears nothing", async (_, fetch) => {
    const startMs = performance.now();
    const answer = await probe(bound(fetch), "control", server, { ...asked, timeoutMs: 50 });
    expect(answer.type).toBe("late");
    expect(performance.now() - startMs).toBeLessThan(limits.probeMs);
  });

  test("because the call is refused says so", async () => {
    const env = bound(() => Promise.reject(new Error("origin-a exploded")));
    expect(await probe(env, "control", server, asked)).toMatchObject({ type: "failed", error: "origin-a exploded" });
  });

  test("because there is no such binding says so", async () => {
    expect(await probe({}, "control", server, asked)).toMatchObject({
      type: "failed",
      error: "no such service binding",
    });
  });
});
