import { forwardResponse, type Service } from "../../shared/http/forward.ts";
import { type Problem, renderProblem } from "../../shared/http/problem.ts";

/** Makes what an origin answered the answer to the client. The body streams through, and breaks if the origin's does. */
export function reply(answer: Response, service: Service | null): Response {
  const response = answer.webSocket === null ? new Response(answer.body, answer) : upgraded(answer, answer.webSocket);
  forwardResponse(response.headers, service);
  return response;
}

function upgraded({ headers }: Response, webSocket: WebSocket): Response {
  return new Response(null, { status: 101, headers, webSocket });
}

/** RFC 9110 10.2.3. Long enough for a server to come back, short enough for somebody who waits at the screen. */
const retryAfterSeconds = "5";

/** The front's own answer when there is none from the site. Never kept by a cache: the next request may fare better. */
export function refuse(request: Request, requestId: string, problem: Problem, fields?: HeadersInit): Response {
  const { status, contentType, body } = renderProblem(problem, request.headers.get("Accept"), requestId);
  const headers = new Headers(fields);
  headers.set("Content-Type", contentType);
  headers.set("Cache-Control", "no-store");
  if (status === 503) headers.set("Retry-After", retryAfterSeconds);
  return new Response(request.method === "HEAD" ? null : body, { status, headers });
}
