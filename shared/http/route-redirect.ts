import type { RouteConfig } from "../config/route.ts";
import type { Redirection } from "./redirects.ts";

/**
 * Where a route leads a request. `{path}` in it stands for the path and query of the request, percent-encoded where it
 * stands in a query. A request for `//example.com` has a path that would be the name of a host at the beginning of a
 * location (RFC 3986 4.2), so slashes there are merged.
 *
 * @param url of the request, parsed: nothing in it could end a line.
 */
export function redirectionOf(
  { to, status }: NonNullable<RouteConfig["redirect"]>,
  { pathname, search }: { readonly pathname: string; readonly search: string },
): Redirection {
  const path = pathname + search;
  const location = to.replaceAll("{path}", (_, at: number) =>
    to.slice(0, at).includes("?") ? encodeURIComponent(path) : path,
  );
  return { status, location: location.replace(/^\/{2,}/, "/") };
}
