import type { RateLimitConfig, RouteConfig } from "../../shared/config/route.ts";
import { readSite } from "../../shared/config/site.ts";
import { present } from "../../shared/kernel/assert.ts";

/** A route with a rate limit, and with the defaults of all else. */
export function routeWith(rateLimit: Partial<RateLimitConfig>, path = "/"): RouteConfig {
  const rest = { path: "/", pool: "web" };
  const limited = { path, pool: "web", rateLimit: { requests: 1, ...rateLimit } };
  const routes = path === "/" ? [limited] : [limited, rest];
  const site = readSite({ routes, pools: { web: { servers: [{ name: "a", binding: "A" }] } } });
  return present(site.routes[0], "the first route");
}
