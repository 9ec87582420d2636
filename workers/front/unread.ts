import { isWorthBuffering } from "../../shared/balance/redispatch.ts";
import { openFlow } from "./flow.ts";
import { linger } from "./upload.ts";

/**
 * Takes and drops the content of a request that nobody has read, because the front has refused it or because it has no
 * meaning, so that the client reads the answer and not a reset connection: see `linger`. The answer goes out at once and ends after that; one
 * without content waits. A client that waits for `100 Continue` sends nothing, and is not told to.
 */
export async function takeUnread(request: Request, response: Response): Promise<Response> {
  const { body } = request;
  if (body === null || request.bodyUsed || body.locked || response.webSocket !== null) return response;
  if (request.headers.get("Expect")?.toLowerCase() === "100-continue") return response;
  if (isWorthBuffering(request.headers.get("Content-Length"))) return response;
  const taken = linger(openFlow(body), () => undefined);
  if (response.body === null) return taken.then(() => response);
  const { readable, writable } = new IdentityTransformStream();
  void letIn(response.body, writable, taken).catch(() => undefined);
  const { status, statusText, headers } = response;
  return new Response(readable, { status, statusText, headers, encodeBody: "manual" });
}

async function letIn(body: ReadableStream, sink: WritableStream, before: Promise<void>): Promise<void> {
  await body.pipeTo(sink, { preventClose: true });
  await before;
  await sink.close();
}
