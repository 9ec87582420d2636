import { isWorthBuffering } from "../../shared/balance/redispatch.ts";
import { statedLength } from "./download.ts";
import { openFlow, pump } from "./flow.ts";
import { linger } from "./upload.ts";

/**
 * Takes and drops the content of a request that nobody has read, because the front has refused it or because it has no
 * meaning, so that the client reads the answer and not a reset connection: see `linger`. The answer goes out at once and
 * ends after that; one without content waits. A small content the runtime takes by itself, and a client that waits for
 * `100 Continue` sends none.
 */
export async function takeUnread(request: Request, response: Response, ctx: ExecutionContext): Promise<Response> {
  const { headers: asked } = request;
  const body: ReadableStream<Uint8Array> | null = request.body;
  if (body === null || request.bodyUsed || body.locked || response.webSocket !== null) return response;
  if (isWorthBuffering(asked.get("Content-Length")) || asked.get("Expect")?.toLowerCase() === "100-continue")
    return response;
  const taken = linger(openFlow(body), () => undefined);
  const answer: ReadableStream<Uint8Array> | null = response.body;
  if (answer === null) return taken.then(() => response);
  const length = statedLength(response.headers);
  const { readable, writable } = length === null ? new IdentityTransformStream() : new FixedLengthStream(length);
  const { signal } = new AbortController();
  const flow = openFlow(answer);
  ctx.waitUntil(pump(flow, { sink: writable, onTurn: () => undefined, signal, beforeEnd: taken }));
  const { status, statusText, headers } = response;
  return new Response(readable, { status, statusText, headers, encodeBody: "manual" });
}
