import site from "#site";
import { Pool } from "../../shared/balance/pool.ts";
import { openRouter } from "../../shared/balance/route.ts";
import type { RouteConfig } from "../../shared/config/site.ts";
import { openRateLimits, type RateVerdict } from "../../shared/firewall/rate-limit.ts";
import { type Keyed, openClientKey } from "../../shared/http/client-key.ts";
import { openFieldRules } from "../../shared/http/field-rules.ts";
import type { HeaderFields } from "../../shared/http/fields.ts";
import { present } from "../../shared/kernel/assert.ts";
import { Recorder } from "../../shared/telemetry/recorder.ts";
import { ControlLink } from "./control-link.ts";

/** The pools of this isolate: who may serve, whose turn it is, what each server does stands here. */
const pools: ReadonlyMap<string, Pool> = new Map(
  Object.entries(site.pools).map(([name, config]) => [name, new Pool(name, config, Math.random)]),
);

/** Where a pool is sticky, the cookie is the front's, also from and to servers of the others. */
export const anySticky: boolean = [...pools.values()].some(({ sticky }) => sticky);

/** What this isolate counts. */
export const recorder = new Recorder(
  Object.fromEntries(Object.entries(site.pools).map(([name, { servers }]) => [name, servers.map((each) => each.name)])),
);

const rates = openRateLimits(site.routes);

/** What this isolate tells control, and is told. */
export const control = new ControlLink(pools, recorder, rates);

/** A route with what is done at each of its requests. */
export interface Route {
  readonly config: RouteConfig;
  /** `null`: it is a redirect. */
  readonly pool: Pool | null;
  /** What the pool's algorithm looks at in a request; empty where it looks at none. */
  readonly keyOf: (request: Keyed) => string;
  /** Counts a request against the route's rate limit; `null` where it has none. */
  readonly takeRate: (request: Keyed, nowMs: number) => RateVerdict | null;
  readonly editRequest: (fields: HeaderFields) => void;
  readonly editResponse: (fields: HeaderFields) => void;
}

const compiled = new Map(site.routes.map((config) => [config, compile(config)]));

const routeFor = openRouter(site.routes);

/** The route that takes a request. */
export const routeOf = (
  { hostname, pathname }: Pick<URL, "hostname" | "pathname">,
  method: string,
  fields: Headers,
): Route => present(compiled.get(routeFor({ host: hostname, pathname, method, fields })), "a route");

function compile(config: RouteConfig): Route {
  const pool = pools.get(config.pool ?? "") ?? null;
  return {
    config,
    pool,
    keyOf: pool?.config.algorithm === "hash" ? openClientKey(pool.config.hashOn) : () => "",
    takeRate: rateOf(config),
    editRequest: openFieldRules(config.requestFields),
    editResponse: openFieldRules(config.responseFields),
  };
}

/** A client who shows nothing of what tells him from others is known by his address, which nobody else can show. */
function rateOf(config: RouteConfig): Route["takeRate"] {
  if (config.rateLimit === null) return () => null;
  const { by, ipv6Prefix } = config.rateLimit;
  const keyOf = openClientKey(by, ipv6Prefix);
  const sourceOf = openClientKey("source", ipv6Prefix);
  return (request, nowMs) => {
    const key = keyOf(request);
    return rates.take(config, key === "" ? `source ${sourceOf(request)}` : `key ${key}`, nowMs);
  };
}
