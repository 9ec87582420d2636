import type { RouteConfig } from "../config/site.ts";
import { present } from "../kernel/assert.ts";

/** Finds the route that takes a path. */
export type Router = (pathname: string) => RouteConfig;

/**
 * Compiles the routes: each takes its path and all below it (`/shop` takes `/shop/cart`, not `/shopping`), the longest
 * one that fits wins. The configuration guarantees a route for `/`, so every path has one.
 */
export function openRouter(routes: readonly RouteConfig[]): Router {
  const longestFirst = routes
    .map((route) => ({ route, path: route.path, below: route.path.endsWith("/") ? route.path : `${route.path}/` }))
    .toSorted((one, other) => other.path.length - one.path.length);
  return (pathname) => {
    const found = longestFirst.find(({ path, below }) => pathname === path || pathname.startsWith(below));
    return present(found, 'a route for "/"').route;
  };
}
