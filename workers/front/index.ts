import { requestIdOf } from "../../shared/http/forward.ts";
import { isReservedPath } from "../../shared/http/reserved-path.ts";
import { underFaults } from "../common/fault-port.ts";
import type { FrontEnv } from "./env.ts";
import { refuse } from "./reply.ts";
import { serveSite } from "./site.ts";
import { serveTrefoil } from "./trefoil.ts";

/**
 * The load balancer: the only Worker that the outside reaches. Every response has an id and a date: RFC 9110 6.6.1 wants
 * one from whoever has a clock and passes a response on.
 */
export default {
  async fetch(request, env) {
    const requestId = requestIdOf(request.headers.get("X-Request-Id"), () => crypto.randomUUID());
    const response = await serve(request, env, requestId).catch((error: unknown) => {
      console.error({ message: "front failed", requestId, error: String(error) });
      return refuse(request, requestId, bug);
    });
    response.headers.set("X-Request-Id", requestId);
    if (!response.headers.has("Date")) response.headers.set("Date", new Date().toUTCString());
    return response;
  },
} satisfies ExportedHandler<FrontEnv>;

/** Trefoil's own paths first; the site owns every other one, and only its requests suffer the front's faults. */
async function serve(request: Request, env: FrontEnv, requestId: string): Promise<Response> {
  const url = new URL(request.url);
  if (!isReservedPath(url.pathname)) return underFaults("front", () => serveSite(request, url, env, requestId));
  if (url.pathname === "/dns-query") return refuse(request, requestId, noDns);
  return serveTrefoil(request, url, env, requestId);
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
