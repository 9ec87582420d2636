import type { Scripted, Seen } from "./seen.ts";

export { FaultPort } from "../../../workers/common/fault-port.ts";

/**
 * An origin that does to each request what the request's query asks of the server by its name: `/x?a=throw&b=503` makes
 * a throw, b answer 503, c echo. It remembers what it received under the request's id, `/mock/seen?id=...`, and which ids
 * there were, one for each request: `/mock/ids`.
 */

const seen = new Map<string, Seen[]>();

export default {
  async fetch(request: Request, env: { readonly SERVER: string }): Promise<Response> {
    const url = new URL(request.url);
    const asked = url.searchParams.get("id") ?? "";
    if (url.pathname === "/mock/seen") return Response.json(seen.get(asked) ?? []);
    if (url.pathname === "/mock/ids") return Response.json([...seen].flatMap(([id, all]) => all.map(() => id)));
    if (url.pathname === "/mock/made") return Response.json(made);
    if (url.pathname === "/mock/health") return new Response("well");
    if (url.pathname === "/mock/closes") return new Response(closes.get(asked) ?? "");
    const behaviour = url.searchParams.get(env.SERVER) ?? "echo";
    if (behaviour === "leave-body") return Response.json({ server: env.SERVER });
    if (behaviour === "throw-early") throw new Error("no body for me");
    if (behaviour === "early") return early(url.searchParams);
    if (behaviour === "echo-body") return new Response(request.body);
    const received = await receive(request, env.SERVER);
    const behave = behaviours[behaviour];
    if (behave !== undefined) return behave(received, request);
    return new Response(`origin ${received.server} says ${behaviour}`, { status: Number(behaviour) });
  },
};

async function receive(request: Request, server: string): Promise<Seen> {
  const { method, url, headers } = request;
  const id = headers.get("X-Request-Id") ?? "";
  const received = { server, method, url, headers: [...headers], body: await request.text() };
  seen.set(id, [...(seen.get(id) ?? []), received]);
  return received;
}

const redirect = { status: 302, headers: { Location: "/elsewhere" } };

const behaviours: Readonly<Record<string, (received: Seen, request: Request) => Response | Promise<Response>>> = {
  echo: (received) => Response.json(received),
  answer: (_, { url }) => scripted(new URL(url)),
  throw({ server }) {
    throw new Error(`origin ${server} exploded`);
  },
  hang: (received) => new Promise((resolve) => setTimeout(() => resolve(Response.json(received)), 20_000)),
  slow: async (received, { url }) => {
    await scheduler.wait(Number(new URL(url).searchParams.get("ms")));
    return Response.json(received);
  },
  redirect: () => new Response(null, redirect),
  hop: () => new Response("hop", { headers: hopByHop }),
  socket: (_, request) => socket(request),
  "slow-socket": async (_, request) => {
    await scheduler.wait(Number(new URL(request.url).searchParams.get("ms")));
    return socket(request);
  },
  "slow-body": () => new Response(slowly(["first, ", "second"], 1000, "closed")),
  break: () => new Response(slowly(["the first half"], 50, "broken")),
  "break-sized": () => new Response(slowly(["the first half"], 50, "broken"), sized(100_000)),
  sized: () => new Response("x".repeat(100_000), sized(100_000)),
  "break-small": () => new Response(slowly(["the first half"], 50, "broken"), sized(28)),
  "break-at-once": () => new Response(slowly(["the first half"], 1, "broken")),
  short: () => new Response(slowly(["too short"], 1, "closed"), sized(28)),
  stall: () => new Response(slowly(["the first half"], 20, "open")),
  drip: () => new Response(slowly("0 1 2 3 4 5 6 7 ".match(/../g) ?? [], 150, "closed")),
  events: () => new Response(slowly(["data: 1\n\n", "data: 2\n\n"], 700, "closed"), events),
  "silent-events": () => new Response(slowly(["data: 1\n\n"], 20, "open"), events),
  large: (_, { url }) => new Response(large(Number(new URL(url).searchParams.get("bytes")))),
  "large-503": () => new Response(large(Infinity), { status: 503 }),
  gzip: () => new Response("hello, ".repeat(100), { headers: { "Content-Encoding": "gzip" } }),
};

/** An answer before the request's body was read. */
const early = (query: URLSearchParams): Response =>
  new Response(query.get("body"), { status: Number(query.get("status") ?? 413) });

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

/** As many bytes as asked for, each telling its place, each chunk made when it is wanted. */
function large(bytes: number): ReadableStream<Uint8Array> {
  let left = bytes;
  made = 0;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = new Uint8Array(Math.min(left, 60_000));
        chunk.forEach((_, at) => (chunk[at] = (made + at) % 251));
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

/** What clients said when they closed, by the id in the query. */
const closes = new Map<string, string>();

/** A WebSocket that echoes; `close 4001 why` makes it close, `flood` send 64 MB as fast as it can. */
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
  else if (word === "flood") for (let turn = 0; turn < 1024; turn++) server.send(new Uint8Array(65_536));
  else server.send(`echo ${data}`);
}
