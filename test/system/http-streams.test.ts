import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { limits } from "../../shared/kernel/limits.ts";
import type { Seen } from "../support/mock-origin/seen.ts";
import { mockOrigins } from "../support/mock-origin/workers.ts";
import { startSite, type TestSite } from "../support/site.ts";
import { head, onWire, sendFirst } from "../support/wire.ts";

let site: TestSite;

beforeAll(async () => {
  site = await startSite({ replace: mockOrigins, bundles: inject("shortBundles"), vars: { FAULTS: "off" } });
});

afterAll(() => site.close());

async function makeItTurnOfA(): Promise<void> {
  for (let server = ""; server !== "c";) server = ((await (await site.fetch("/")).json()) as Seen).server;
}

beforeEach(makeItTurnOfA);

/**
 * The answer to a request that a breaks off. On a busy machine that may happen only after `limits.readAheadMs`, when the
 * header has gone; the runtime makes a bare 500 of what then breaks before its first byte. In that case once more.
 */
async function inTime(path: string, init: { method?: string; body?: string } = {}) {
  let response = await site.fetch(path, init);
  for (let tries = 1; response.status === 500 && tries < 20; tries += 1) {
    await makeItTurnOfA();
    response = await site.fetch(path, init);
  }
  return response;
}

/** The whole answer on the wire, over HTTP/1.1 with a connection of its own. */
const get = (path: string) => onWire(site.url, [head(`GET ${path}`, ["Connection: close"])], 20_000);

/** RFC 9112 7.1: what is in chunks is whole when the last one is there. RFC 9112 8: else it is a part, and so it is seen. */
const isWhole = (text: string) => text.endsWith("\r\n0\r\n\r\n");

describe("a response that breaks off", () => {
  it.each(["break", "stall"])("after its header is seen as broken, never as a short success: %s", async (how) => {
    const { text } = await get(`/idle?a=${how}`);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).toContain("the first half");
    expect(isWhole(text)).toBe(false);
    await expect(site.fetch(`/idle?b=${how}`).then((response) => response.text())).rejects.toThrow("terminated");
  });

  it("and has stated a large length is seen as broken as well", async () => {
    const { text, end } = await get("/?a=break-sized");
    expect(text).toMatch(/\r\ncontent-length: 100000\r\n/i);
    expect([text.endsWith("the first half"), end]).not.toEqual([true, "open"]);
    await expect(site.fetch("/?b=break-sized").then((response) => response.text())).rejects.toThrow("terminated");
  });

  it.each(["break-at-once", "break-small", "short"])(
    "before its header is out is another server's to answer: %s",
    async (how) => {
      const response = await inTime(`/?a=${how}`);
      expect([response.status, ((await response.json()) as Seen).server]).toEqual([200, "b"]);
    },
  );

  it("before its header is out, for a POST, is a 502: it may have run", async () => {
    const response = await inTime("/?a=break-at-once", { method: "POST", body: "x" });
    expect([response.status, response.headers.get("Proxy-Status")]).toEqual([
      502,
      "trefoil; error=connection_terminated",
    ]);
  });
});

describe("a response on its way", () => {
  it("comes as the server sends it, and not when it is complete", async () => {
    const { body } = await site.fetch("/?a=slow-body", { headers: { "Accept-Encoding": "identity" } });
    const reader = body?.getReader();
    const read = async () => new TextDecoder().decode((await reader?.read())?.value as Uint8Array);
    expect([await read(), await read()]).toEqual(["first, ", "second"]);
  });

  it("may take any time while it moves", async () => {
    expect(await (await site.fetch("/idle?a=drip")).text()).toBe("0 1 2 3 4 5 6 7 ");
  });

  it("is broken off when it stands still for idleMs", async () => {
    const startMs = performance.now();
    const { text } = await get("/idle?a=stall");
    expect([isWhole(text), text.includes("the first half")]).toEqual([false, true]);
    expect(performance.now() - startMs).toBeGreaterThan(390);
    expect(JSON.stringify(site.harness.getLogs())).toContain("The server took too long.");
  });

  it.each([0, 1, limits.readAheadBytes - 1, limits.readAheadBytes, limits.readAheadBytes + 1, 3_000_000])(
    "is complete at any length: %i bytes",
    async (bytes) => {
      const body = new Uint8Array(await (await site.fetch(`/?a=large&bytes=${bytes}`)).arrayBuffer());
      expect([body.byteLength, body.findIndex((value, at) => value !== at % 251)]).toEqual([bytes, -1]);
    },
  );

  const made = async () => Number(await (await site.worker("origin-a").fetch("http://origin.test/mock/made")).json());
  const logs = () => JSON.stringify(site.harness.getLogs());

  it("that nobody takes is broken off after idleMs, and no more of it is made than a connection holds", async () => {
    const socket = connect(Number(site.url.port), site.url.hostname);
    socket.write(head("GET /idle?a=large&bytes=200000000", []));
    socket.pause();
    await expect.poll(logs, { timeout: 20_000 }).toContain("The client took too long.");
    expect(await made()).toBeLessThan(30_000_000);
    socket.destroy();
  });

  it("of a server that fails ends when another one has answered", async () => {
    expect(((await (await site.fetch("/?a=large-503")).json()) as Seen).server).toBe("b");
    let before = -1;
    const stands = async () => before === (before = await made());
    await expect.poll(stands, { timeout: 10_000, interval: 200 }).toBe(true);
  });

  it("ends for the server too when the client leaves", async () => {
    const response = await fetch(new URL("/?a=large&bytes=2000000000", site.url));
    await response.body?.cancel();
    let before = -1;
    const stands = async () => before === (before = await made());
    await expect.poll(stands, { timeout: 10_000, interval: 200 }).toBe(true);
    expect(before).toBeLessThan(2_000_000_000);
  });
});

describe("server-sent events", () => {
  it("come one by one", async () => {
    const reader = (await site.fetch("/tunnel?a=events")).body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value as Uint8Array)).toBe("data: 1\n\n");
    await reader?.cancel();
  });

  it("may be silent for tunnelMs, not for idleMs only", async () => {
    expect(await (await site.fetch("/idle?a=events")).text()).toBe("data: 1\n\ndata: 2\n\n");
  });

  it("are broken off after tunnelMs of silence", async () => {
    const { text } = await get("/tunnel?a=silent-events");
    expect([text.includes("data: 1"), isWhole(text)]).toEqual([true, false]);
  });
});

describe("a request whose body breaks off or stops", () => {
  const start = (path: string, length: number) =>
    head(`POST ${path}`, [`Content-Length: ${length}`, "X-Request-Id: stopped"]);
  const startInChunks = head("POST /", ["Transfer-Encoding: chunked", "X-Request-Id: stopped"]);
  const ran = async (server: string) => {
    const response = await site.worker(`origin-${server}`).fetch("http://origin.test/mock/seen?id=stopped");
    return ((await response.json()) as Seen[]).length;
  };

  it.each([
    ["held", 9],
    ["streamed", limits.replayBodyBytes + 1],
  ])("is a 408 after idleMs, and no server has it whole: %s", async (_kind, length) => {
    const { text } = await onWire(site.url, [`${start("/idle", length)}half`], 10_000);
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(text).toMatch(/proxy-status: trefoil; error=http_request_error/i);
    expect(await ran("a")).toBe(0);
  });

  it("may take any time while it moves", async () => {
    const parts = ["1", "2", "3", "4", "5"];
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 150));
        const part = parts.shift();
        if (part === undefined) controller.close();
        else controller.enqueue(new TextEncoder().encode(part));
      },
    });
    const response = await fetch(new URL("/idle", site.url), { method: "PUT", body, duplex: "half" });
    expect(((await response.json()) as Seen).body).toBe("12345");
  });

  /** The runtime may end the front's work with the connection, so a log of its own says nothing: a later one does. */
  it.each([
    ["held", start("/", 9), "half"],
    ["streamed", start("/", limits.replayBodyBytes + 1), "half"],
    ["in chunks", startInChunks, "4\r\nhalf\r\n"],
    ["in chunks, within one", startInChunks, "4\r\nha"],
    ["in chunks, before the first", startInChunks, ""],
  ])("is no success and no failure of the server when the client ends it there: %s", async (_kind, request, part) => {
    const logs = () => JSON.stringify(site.harness.getLogs());
    const { text } = await onWire(site.url, [request + part, { end: true }]);
    expect(text).not.toMatch(/^HTTP\/1\.1 [23]/);
    const after = crypto.randomUUID();
    await site.fetch(`/?a=throw&b=throw&c=throw&after=${after}`);
    await expect.poll(() => logs().includes(after), { timeout: 10_000 }).toBe(true);
    expect(logs()).not.toMatch(/server failed[^}]*site\.test\/'/);
    expect(await ran("a")).toBe(0);
  });
});

describe("an answer before the end of the request", () => {
  it.each([
    ["with content", "/?a=leave-body", 200],
    ["with content that the client need not send", "/?a=early&body=no", 413],
    ["without content", "/?a=early", 413],
    ["that can have none", "/?a=early&status=204", 204],
    ["of the front, when the server fails", "/?a=throw-early", 502],
  ])("arrives, however much is still to come: %s", async (_what, path, status) => {
    const request = `${head(`POST ${path}`, ["Content-Length: 5000000", "Connection: close"])}${"x".repeat(5_000_000)}`;
    expect(await sendFirst(site.url, request)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });
});

describe("a WebSocket", () => {
  const upgrade = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  ];
  const open = (path: string) =>
    new Promise<WebSocket>((resolve, reject) => {
      const socket = new WebSocket(new URL(path, site.url));
      socket.binaryType = "arraybuffer";
      socket.addEventListener("open", () => resolve(socket));
      socket.addEventListener("error", () => reject(new Error("no WebSocket")));
    });
  const next = (socket: WebSocket) =>
    new Promise<unknown>((resolve) => socket.addEventListener("message", ({ data }) => resolve(data), { once: true }));
  const closed = (socket: WebSocket) =>
    new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve, { once: true }));

  it("carries text and bytes both ways", async () => {
    const socket = await open("/?a=socket");
    socket.send("hello");
    expect(await next(socket)).toBe("echo hello");
    socket.send(new Uint8Array([1, 2, 3]));
    expect(new Uint8Array((await next(socket)) as ArrayBuffer)).toEqual(new Uint8Array([1, 2, 3]));
    socket.close();
  });

  it("is closed with the server's code and reason", async () => {
    const socket = await open("/?a=socket");
    socket.send("close 4001 enough");
    expect(await closed(socket)).toMatchObject({ code: 4001, reason: "enough" });
  });

  it("tells the server the client's code and reason", async () => {
    const socket = await open("/?a=socket&id=told");
    socket.close(4002, "bye");
    await closed(socket);
    const said = async () => (await site.worker("origin-a").fetch("http://origin.test/mock/closes?id=told")).text();
    await expect.poll(said, { timeout: 5000 }).toBe("4002 bye");
  });

  it("lasts while something is said, and ends after tunnelMs of silence", async () => {
    const socket = await open("/tunnel?a=socket");
    const end = closed(socket);
    const startMs = performance.now();
    for (let turn = 0; turn < 5; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      socket.send(`${turn}`);
      expect(await next(socket)).toBe(`echo ${turn}`);
    }
    const { code } = await end;
    expect(code).toBe(1001);
    expect(performance.now() - startMs).toBeGreaterThan(750 + 390);
  });

  it("whose client takes nothing is closed when 2 MiB wait for it", async () => {
    const socket = connect(Number(site.url.port), site.url.hostname);
    socket.write(head("GET /?a=socket&id=flooded", upgrade));
    await new Promise((resolve) => socket.once("data", resolve));
    socket.pause();
    socket.write(Buffer.from([0x81, 0x85, 0, 0, 0, 0, ...Buffer.from("flood")]));
    const said = async () => (await site.worker("origin-a").fetch("http://origin.test/mock/closes?id=flooded")).text();
    await expect.poll(said, { timeout: 10_000 }).toMatch(/^1013 /);
    socket.destroy();
  });

  it("carries a large message, and a burst of them in their order", async () => {
    const socket = await open("/?a=socket");
    const large = new Uint8Array(10_000_000).fill(7);
    socket.send(large);
    expect(Buffer.compare(Buffer.from((await next(socket)) as ArrayBuffer), large)).toBe(0);
    const got: unknown[] = [];
    socket.addEventListener("message", ({ data }) => got.push(data));
    for (let turn = 0; turn < 500; turn++) socket.send(`${turn} `.repeat(1000));
    await expect.poll(() => got.length, { timeout: 10_000 }).toBe(500);
    expect(got).toEqual(Array.from({ length: 500 }, (_, turn) => `echo ${`${turn} `.repeat(1000)}`));
    socket.close();
  });

  it("that the server does not want is refused with the server's own answer", async () => {
    const { text } = await onWire(site.url, [head("GET /?a=404", upgrade)], 1500);
    expect(text).toMatch(/^HTTP\/1\.1 404 /);
  });

  it("goes to the next server when the first one is down", async () => {
    const socket = await open("/?a=throw&b=socket");
    socket.send("hello");
    expect(await next(socket)).toBe("echo hello");
    socket.close();
  });
});
