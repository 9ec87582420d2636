import type { Scripted, Seen } from "./seen.ts";

export { FaultPort } from "../../../workers/fault-port.ts";

/**
 * An origin that does to each request what the request's query asks of the server by its name: `/x?a=throw&b=503` makes
 * a throw, b answer 503, c echo. It remembers what it received under the request's id: `/mock/seen?id=...`.
 */

const seen = new Map<string, Seen[]>();

export default {
  async fetch(request: Request, env: { readonly SERVER: string }): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname === "/mock/seen") return Response.json(seen.get(url.searchParams.get("id") ?? "") ?? []);
    if (url.pathname === "/mock/made") return new Response(`${made}`);
    if (url.pathname === "/mock/closes") return new Response(closes.get(url.searchParams.get("id") ?? "") ?? "");
    const behaviour = url.searchParams.get(env.SERVER) ?? "echo";
    if (behaviour === "leave-body") return Response.json({ server: env.SERVER });
    if (behaviour === "early") return new Response(url.searchParams.get("body"), { status: 413 });
    if (behaviour === "echo-body") return new Response(request.body);
    const received: Seen = {
      server: env.SERVER,
      method: request.method,
      url: request.url,
      headers: [...request.headers],
      body: await request.text(),
    };
    const id = request.headers.get("X-Request-Id") ?? "";
    seen.set(id, [...(seen.get(id) ?? []), received]);
    return behave(behaviour, received, request);
  },
};

async function behave(behaviour: string, received: Seen, request: Request): Promise<Response> {
  if (behaviour === "echo") return Response.json(received);
  if (behaviour === "answer") return scripted(new URL(request.url));
  if (behaviour === "throw") throw new Error(`origin ${received.server} exploded`);
  if (behaviour === "hang") return new Promise((resolve) => setTimeout(() => resolve(Response.json(received)), 20_000));
  if (behaviour === "slow-body") return new Response(slowBody());
  if (behaviour === "break") return new Response(breaking());
  if (behaviour === "break-sized") return new Response(breaking().pipeThrough(new FixedLengthStream(28)), sized(28));
  if (behaviour === "break-at-once") return new Response(slowly(["the first half"], 1, "broken"));
  if (behaviour === "short") return new Response(slowly(["too short"], 1, "closed"), sized(28));
  if (behaviour === "stall") return new Response(slowly(["the first half"], 20, "open"));
  if (behaviour === "drip")
    return new Response(
      slowly(
        Array.from({ length: 8 }, (_, at) => `${at} `),
        150,
        "closed",
      ),
    );
  if (behaviour === "events") return new Response(slowly(["data: 1\n\n", "data: 2\n\n"], 700, "closed"), events);
  if (behaviour === "silent-events") return new Response(slowly(["data: 1\n\n"], 20, "open"), events);
  if (behaviour === "large") return new Response(large(Number(new URL(request.url).searchParams.get("bytes"))));
  if (behaviour === "redirect") return new Response(null, { status: 302, headers: { Location: "/elsewhere" } });
  if (behaviour === "hop") return new Response("hop", { headers: hopByHop });
  if (behaviour === "socket") return socket(request);
  return new Response(`origin ${received.server} says ${behaviour}`, { status: Number(behaviour) });
}

function scripted(url: URL): Response {
  const { status = 200, fields = [], body = null } = JSON.parse(url.searchParams.get("with") ?? "{}") as Scripted;
  return new Response(body, { status, headers: new Headers(fields.map(([name, value]) => [name, value])) });
}

const sized = (bytes: number) => ({ headers: { "Content-Length": `${bytes}` } });

const events = { headers: { "Content-Type": "text/event-stream" } };

/** A body whose parts come one by one, and which then ends as told: in order, in an error, or not at all. */
function slowly(
  parts: readonly string[],
  everyMs: number,
  end: "closed" | "broken" | "open",
): ReadableStream<Uint8Array> {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const write = async () => {
    for (const part of parts) {
      await writer.write(new TextEncoder().encode(part));
      await scheduler.wait(everyMs);
    }
    if (end === "closed") await writer.close();
    if (end === "broken") await writer.abort(new Error("the disk is gone"));
    if (end === "open") await scheduler.wait(60_000);
  };
  void write().catch(() => undefined);
  return readable;
}

/** How many bytes `large` has made so far, of the last body that was asked for. */
let made = 0;

/** As many bytes as asked for, each chunk made when it is wanted. */
function large(bytes: number): ReadableStream<Uint8Array> {
  let left = bytes;
  made = 0;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = new Uint8Array(Math.min(left, 65_536)).fill(120);
        left -= chunk.byteLength;
        made += chunk.byteLength;
        if (chunk.byteLength > 0) controller.enqueue(chunk);
        if (left === 0) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

const hopByHop = {
  Connection: "X-Named, close",
  "X-Named": "for the next hop only",
  "Keep-Alive": "timeout=5",
  "Proxy-Authenticate": "Basic",
  "X-Kept": "for the client",
  "X-Trefoil-Node": "db-1",
  "X-Trefoil-Bookmark": "0001",
};

/** A body that ends in an error after its first bytes. Not at once: the call would reject with no header at all. */
function breaking(): ReadableStream<Uint8Array> {
  let pulls = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        pulls += 1;
        if (pulls === 1) return controller.enqueue(new TextEncoder().encode("the first half"));
        await scheduler.wait(50);
        controller.error(new Error("the disk is gone"));
      },
    },
    { highWaterMark: 0 },
  );
}

/** A body whose second half comes a second after the first. */
function slowBody(): ReadableStream<Uint8Array> {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  void (async () => {
    await writer.write(new TextEncoder().encode("first, "));
    await scheduler.wait(1000);
    await writer.write(new TextEncoder().encode("second"));
    await writer.close();
  })();
  return readable;
}

/** What clients said when they closed, by the id in the query. */
const closes = new Map<string, string>();

/** A WebSocket that echoes; `close 4001 why` makes it close, `flood` send 16 MB as fast as it can. */
function socket(request: Request): Response {
  if (request.headers.get("Upgrade") !== "websocket") return new Response("no upgrade", { status: 426 });
  const { 0: client, 1: server } = new WebSocketPair();
  server.binaryType = "arraybuffer";
  server.accept();
  server.addEventListener("message", ({ data }) => answer(server, data as string | ArrayBuffer));
  const id = new URL(request.url).searchParams.get("id") ?? "";
  server.addEventListener("close", ({ code, reason }) => closes.set(id, `${code} ${reason}`));
  return new Response(null, { status: 101, webSocket: client, headers: { "Set-Cookie": "from-server=1" } });
}

function answer(server: WebSocket, data: string | ArrayBuffer): void {
  if (typeof data !== "string") return server.send(data);
  const [word, code, reason] = data.split(" ");
  if (word === "close") server.close(Number(code), reason);
  else if (word === "flood") for (let turn = 0; turn < 256; turn++) server.send(new Uint8Array(65_536));
  else server.send(`echo ${data}`);
}
