import type { RouteConfig } from "../config/route.ts";

/** The name under which the isolates share the limit of a route: what makes the route itself. */
export const rateName = ({ path, host, methods, fields }: RouteConfig): string =>
  JSON.stringify([path, host, methods, fields]);

/**
 * What one client used at one isolate since it was told last: his key, the requests, what of them has not leaked out
 * again, and for how long they have been coming.
 */
export type KeyUsage = readonly [key: string, used: number, left: number, spanMs: number];

/** By `rateName` of the route. */
export type RateUsage = Readonly<Record<string, readonly KeyUsage[]>>;

/** What a client has used at all isolates together, and has not leaked out. */
export type KeyLevel = readonly [key: string, level: number];

/** By `rateName` of the route. */
export type RateLevels = Readonly<Record<string, readonly KeyLevel[]>>;
