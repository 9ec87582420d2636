import type { RouteConfig } from "../config/site.ts";
import { present } from "../kernel/assert.ts";

/** Finds the name of the pool that serves a path. */
export type Router = (pathname: string) => string;

/**
 * Compiles the routes: each takes its path and all below it (`/shop` takes `/shop/cart`, not `/shopping`), the longest
 * one that fits wins. The configuration guarantees a route for `/`, so every path has a pool.
 */
export function openRouter(routes: readonly RouteConfig[]): Router {
  const longestFirst = routes
    .map(({ path, pool }) => ({ path, pool, below: path.endsWith("/") ? path : `${path}/` }))
    .toSorted((one, other) => other.path.length - one.path.length);
  return (pathname) => {
    const route = longestFirst.find(({ path, below }) => pathname === path || pathname.startsWith(below));
    return present(route, 'a route for "/"').pool;
  };
}
