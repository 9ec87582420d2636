import type { ErrorPages } from "../../shared/http/error-page.ts";
import { forwardResponse, type Service } from "../../shared/http/forward.ts";
import { type Problem, renderProblem } from "../../shared/http/problem.ts";
import { proxyStatus } from "../../shared/http/proxy-status.ts";
import { bodyOf, type Delivery } from "./download.ts";
import { tunnel } from "./tunnel.ts";

/** Makes what a server answered the answer to the client. */
export function reply(delivery: Delivery, service: Service | null): Response {
  const { status } = delivery.answer;
  const response = status === 101 ? upgraded(delivery) : answered(delivery);
  forwardResponse(response.headers, status, service);
  return response;
}

/**
 * All but the body is as it was given; so are its bytes in the coding that the fields name already (`asItIs`). The runtime
 * states the length of those here.
 */
function answered(delivery: Delivery): Response {
  const { answer, uploaded } = delivery;
  const { response: given, flow } = answer;
  const response = new Response(bodyOf(delivery), given);
  if (flow === null ? uploaded !== null : flow.rest === null) response.headers.delete("Content-Length");
  return response;
}

function upgraded({ answer: { response }, patience }: Delivery): Response {
  const { headers, webSocket } = response;
  return new Response(null, { status: 101, headers, webSocket: webSocket && tunnel(webSocket, patience) });
}

/** RFC 9110 10.2.3. Long enough for a server to come back, short enough for somebody who waits at the screen. */
const retryAfterSeconds = "5";

/** The front's own answer when there is none from the site. Never kept by a cache: the next request may fare better. */
export function refuse(
  request: Request,
  requestId: string,
  problem: Problem,
  { fields, pages = {} }: { fields?: HeadersInit; pages?: ErrorPages } = {},
): Response {
  const { status, contentType, body } = renderProblem(problem, request.headers.get("Accept"), requestId, pages);
  const headers = new Headers(fields);
  headers.set("Content-Type", contentType);
  headers.set("Cache-Control", "no-store");
  headers.set("Proxy-Status", proxyStatus(problem.code));
  if (status === 503) headers.set("Retry-After", retryAfterSeconds);
  return new Response(request.method === "HEAD" ? null : body, { status, headers });
}
