import { decodePath, encodePath } from "./url-path.ts";

/** The statuses that lead elsewhere, RFC 9110 15.4. */
export const redirectStatuses = [301, 302, 303, 307, 308] as const;

/** A rule of the file `_redirects`. */
export interface Redirect {
  /** A path. `*` stands for any text, once at most, and `:name` for what stands between two slashes. */
  readonly from: string;
  /** A path of this site, or an `http` URL. `:splat` stands for what `*` was, `:name` for what that was. */
  readonly to: string;
  readonly status: (typeof redirectStatuses)[number];
}

/** Where a request is sent. */
export interface Redirection {
  readonly status: Redirect["status"];
  /** `Location`, RFC 9110 10.2.2. */
  readonly location: string;
}

/** Finds the redirect for the path of a parsed URL and its query, with the question mark or empty; `null` for none. */
export type FindRedirect = (pathname: string, search: string) => Redirection | null;

/** What stands for other text in the path of a rule. */
const wildcard = /\*|:[a-z]\w*/gi;

/** The names by which the target of a rule calls what its wildcards stand for. */
export const wildcardNames = (from: string): readonly string[] =>
  (from.match(wildcard) ?? []).map((each) => (each === "*" ? "splat" : each.slice(1)));

/**
 * Prepares rules for use: the first one that fits a path wins. A path may be spelled in every way in which that of a file
 * may be. A rule that leads to where the request already is does not fit, for nobody would ever arrive.
 *
 * @param redirects as `readRedirects` returns them.
 */
export function compileRedirects(redirects: readonly Redirect[]): FindRedirect {
  const rules = redirects.map(compile);
  const exact = new Map(rules.toReversed().flatMap((rule) => (rule.names.length === 0 ? [[rule.path, rule]] : [])));
  const patterns = rules.filter(({ names }) => names.length > 0);
  return (pathname, search) => {
    const path = rules.length === 0 ? null : decodePath(pathname);
    if (path === null) return null;
    const same = exact.get(path);
    const inTurn = same === undefined ? patterns : [...patterns, same].toSorted((a, b) => a.index - b.index);
    for (const rule of inTurn) {
      const location = locationBy(rule, path, search);
      if (location !== null) return { status: rule.redirect.status, location };
    }
    return null;
  };
}

interface Rule {
  readonly redirect: Redirect;
  readonly index: number;
  /** The path, where nothing in it stands for other text. */
  readonly path: string;
  /** The names of the groups of `form`. */
  readonly names: readonly string[];
  readonly form: RegExp;
}

function compile(redirect: Redirect, index: number): Rule {
  const { from } = redirect;
  const names = wildcardNames(from);
  const groups = [...(from.match(wildcard) ?? []).map((each) => (each === "*" ? "(.*)" : "([^/]+)")), ""];
  const texts = from.split(wildcard).map((text) => RegExp.escape(decodePath(text) ?? ""));
  const form = new RegExp(`^${texts.map((text, at) => `${text}${groups[at]}`).join("")}$`, "s");
  return { redirect, index, path: decodePath(from) ?? "", names, form };
}

function locationBy({ redirect: { to }, names, form }: Rule, path: string, search: string): string | null {
  const values = form.exec(path)?.slice(1);
  if (values === undefined) return null;
  const filled = to.replaceAll(/:([a-z]\w*)/gi, (text, name: string) => {
    const value = values[names.indexOf(name)];
    return value === undefined ? text : encodePath(value);
  });
  const location = withQuery(filled.startsWith("/") ? mergeSlashes(filled) : filled, search);
  return location === `${encodePath(path)}${search}` ? null : location;
}

/** What stands for a splat may begin with a slash, and `//` begins the name of a host (RFC 3986 4.2). */
const mergeSlashes = (location: string): string =>
  location.replace(/^[^?#]*/, (path) => path.replaceAll(/\/{2,}/g, "/"));

/** The request's query goes along, unless the rule has one. */
function withQuery(location: string, search: string): string {
  const [target = "", ...fragment] = location.split(/(?=#)/);
  return target.includes("?") ? location : `${target}${search}${fragment.join("")}`;
}
