import type { RouteConfig } from "../config/route.ts";
import type { HeaderFields } from "../http/fields.ts";
import { redirectionOf } from "../http/route-redirect.ts";
import { normalizePath } from "../http/url-path.ts";
import { present } from "../kernel/assert.ts";

/** What of a request its route depends on. */
export interface Routed {
  /** The name in the URL, in small letters and without the port. */
  readonly host: string;
  readonly pathname: string;
  readonly method: string;
  readonly fields: Pick<HeaderFields, "get">;
}

/** Finds the route that takes a request. */
export type Router = (request: Routed) => RouteConfig;

/**
 * Compiles the routes. A route takes its path and all below it (`/shop` takes `/shop/cart`, not `/shopping`), from the hosts,
 * with the methods and fields that it names. Of several that take a request, one for just this host goes before one for
 * `*.example.com`, and that before one for any; then the longest path wins, then the order of the configuration. The
 * configuration guarantees a route for `/` without conditions, so every request has one.
 */
export function openRouter(routes: readonly RouteConfig[]): Router {
  const listFor = openHosts(routes.map(compile));
  return (request) => {
    const rules = listFor(request.host);
    return present(rules.length === 1 ? rules[0] : firstOf(rules, request), 'a route for "/"').route;
  };
}

function firstOf(rules: readonly Rule[], request: Routed): Rule | undefined {
  const path = normalizePath(request.pathname);
  for (const rule of rules) {
    if ((path === rule.path || path.startsWith(rule.below)) && (rule.isPlain || holds(rule, request))) return rule;
  }
  return undefined;
}

/**
 * Whether a route takes all the requests that a later one with its path and host would take, so that nobody ever comes to
 * that one.
 */
export function hides(earlier: RouteConfig, later: RouteConfig): boolean {
  const { methods, fields } = earlier;
  const wanted = new Map(Object.entries(later.fields).map(([name, value]) => [name.toLowerCase(), value]));
  return (
    normalizePath(earlier.path) === normalizePath(later.path) &&
    earlier.host === later.host &&
    (methods === null || (later.methods?.every((method) => methods.includes(method)) ?? false)) &&
    Object.entries(fields).every(([name, value]) => {
      const other = wanted.get(name.toLowerCase());
      return other !== undefined && (value === "*" || value === other);
    })
  );
}

/** Whether a client that a route leads elsewhere comes back to the same route, and so for ever. */
export function leadsBack(route: RouteConfig, routerOf: Router): boolean {
  const { redirect, host, path, methods, fields } = route;
  if (redirect === undefined) return false;
  const { status, location } = redirectionOf(redirect, { pathname: path, search: "" });
  if (!location.startsWith("/")) return false;
  const values = new Map(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));
  return (
    route ===
    routerOf({
      host: host ?? "",
      pathname: location.replace(/[?#].*/, ""),
      // RFC 9110 15.4: only these two keep the method; after the others browsers send a GET.
      method: status === 307 || status === 308 ? (methods?.[0] ?? "GET") : "GET",
      fields: { get: (name) => values.get(name.toLowerCase()) ?? null },
    })
  );
}

interface Rule {
  readonly route: RouteConfig;
  readonly path: string;
  /** How all paths below it begin. */
  readonly below: string;
  /** The fields that it asks for, each with its value. */
  readonly fields: readonly (readonly [string, string])[];
  /** Whether host and path are all that it asks for. */
  readonly isPlain: boolean;
}

function compile(route: RouteConfig): Rule {
  const path = normalizePath(route.path);
  const fields = Object.entries(route.fields);
  const isPlain = route.methods === null && fields.length === 0;
  return { route, path, below: path.endsWith("/") ? path : `${path}/`, fields, isPlain };
}

const holds = ({ route: { methods }, fields }: Rule, request: Routed): boolean =>
  (methods === null || methods.includes(request.method)) &&
  fields.every(([name, wanted]) => {
    const value = request.fields.get(name);
    return wanted === "*" ? value !== null : value === wanted;
  });

/** For each host the rules that may take its requests, in the order in which they are asked. */
function openHosts(rules: readonly Rule[]): (host: string) => readonly Rule[] {
  const hosts = [...new Set(rules.map(({ route }) => route.host))].filter((host) => host !== null);
  const listOf = (host: string | null) => rules.filter(({ route }) => covers(route.host, host)).toSorted(byPrecedence);
  const lists = new Map(hosts.map((host) => [host, listOf(host)]));
  const wildcards = hosts.filter(isWildcard).toSorted((one, other) => other.length - one.length);
  const any = listOf(null);
  if (hosts.length === 0) return () => any;
  return (name) => {
    const host = name.endsWith(".") ? name.slice(0, -1) : name;
    return lists.get(host) ?? lists.get(wildcards.find((wildcard) => covers(wildcard, host)) ?? "") ?? any;
  };
}

const isWildcard = (host: string): boolean => host.startsWith("*.");

/** Whether a condition on the host holds for all hosts that another one, or a name, stands for. */
const covers = (condition: string | null, host: string | null): boolean =>
  condition === null ||
  condition === host ||
  (host !== null && isWildcard(condition) && host.endsWith(condition.slice(1)));

const byPrecedence = (one: Rule, other: Rule): number =>
  rank(other.route.host) - rank(one.route.host) || other.path.length - one.path.length;

/** A longer wildcard is the closer one: it ends as the shorter one does, or they never meet. */
const rank = (host: string | null): number =>
  host === null ? 0 : isWildcard(host) ? host.length : Number.MAX_SAFE_INTEGER;
