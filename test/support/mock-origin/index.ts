import type { Seen } from "./seen.ts";

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
    const behaviour = url.searchParams.get(env.SERVER) ?? "echo";
    if (behaviour === "leave-body") return Response.json({ server: env.SERVER });
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
  if (behaviour === "throw") throw new Error(`origin ${received.server} exploded`);
  if (behaviour === "hang") return new Promise((resolve) => setTimeout(() => resolve(Response.json(received)), 20_000));
  if (behaviour === "slow-body") return new Response(slowBody());
  if (behaviour === "break") return new Response(breaking());
  if (behaviour === "redirect") return new Response(null, { status: 302, headers: { Location: "/elsewhere" } });
  if (behaviour === "hop") return new Response("hop", { headers: hopByHop });
  if (behaviour === "socket") return socket(request);
  return new Response(`origin ${received.server} says ${behaviour}`, { status: Number(behaviour) });
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

/** A WebSocket that echoes. */
function socket(request: Request): Response {
  if (request.headers.get("Upgrade") !== "websocket") return new Response("no upgrade", { status: 426 });
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.addEventListener("message", (event) => server.send(`echo ${String(event.data)}`));
  return new Response(null, { status: 101, webSocket: client });
}
