import { requestIdOf } from "../../shared/http/forward.ts";
import { isReservedPath } from "../../shared/http/reserved-path.ts";
import { underFaults } from "../common/fault-port.ts";
import { control } from "./balancer.ts";
import type { FrontEnv } from "./env.ts";
import { misaddressed } from "./refusals.ts";
import { refuse } from "./reply.ts";
import { serveSite } from "./site.ts";
import { serveTrefoil } from "./trefoil.ts";
import { takeUnread } from "./unread.ts";
import { Visit } from "./visit.ts";

/**
 * The load balancer: the only Worker that the outside reaches. Every response has an id and a date: RFC 9110 6.6.1 wants
 * one from whoever has a clock and passes a response on.
 */
export default {
  async fetch(request, env, ctx) {
    const requestId = requestIdOf(request.headers.get("X-Request-Id"), () => crypto.randomUUID());
    const visit = new Visit(request, requestId);
    let answer: Response;
    try {
      answer = await serve(visit, env, ctx);
    } catch (error) {
      console.error({ message: "front failed", requestId, error: String(error) });
      visit.status = 500;
      visit.end({ cause: "internal", phase: "request" });
      answer = refuse(request, requestId, bug);
    }
    if (visit.isOver) control.reportSoon(env, ctx);
    const response = visit.hasContent ? await takeUnread(request, answer, ctx) : answer;
    response.headers.set("X-Request-Id", requestId);
    if (!response.headers.has("Date")) response.headers.set("Date", new Date().toUTCString());
    return response;
  },
} satisfies ExportedHandler<FrontEnv>;

/** Trefoil's own paths first; the site owns every other one, and only its requests suffer the front's faults. */
function serve(visit: Visit, env: FrontEnv, ctx: ExecutionContext): Response | Promise<Response> {
  if (!visit.isAddressed) return misaddressed(visit);
  const { pathname } = visit;
  if (!isReservedPath(pathname)) return underFaults("front", () => serveSite(visit, env, ctx));
  if (pathname === "/dns-query") return refuse(visit.request, visit.requestId, noDns);
  return serveTrefoil(visit, env, ctx);
}

const bug = {
  code: "internal",
  title: "Something broke",
  message: "This is a fault of the load balancer, not of your request. The log has the details.",
} as const;

const noDns = {
  code: "not-found",
  title: "No DNS here",
  message: "This site does not answer DNS over HTTPS.",
} as const;
