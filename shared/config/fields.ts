import * as v from "valibot";
import { isReservedPath } from "../http/reserved-path.ts";

/** The forms of values that several sections of the site configuration share. */

/** An object with exactly these keys; another one is most likely a misspelt one, so it is refused. */
export const section = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.strictObject(entries, ({ expected }) => {
    if (expected === "Object") return "a section { ... }";
    if (expected === "never") return `the keys ${Object.keys(entries).join(", ")}`;
    return "a value; this key has no default";
  });

/** A whole number within bounds, of what `unit` says. */
export const count = (minimum: number, maximum: number, unit = "") => {
  const allowed = `a whole number${unit && ` of ${unit}`} from ${minimum} to ${maximum}`;
  return v.pipe(v.number(allowed), v.integer(allowed), v.minValue(minimum, allowed), v.maxValue(maximum, allowed));
};

/** A time within bounds, in milliseconds. */
export const milliseconds = (minimum: number, maximum: number) => count(minimum, maximum, "milliseconds");

/** A text of a form. */
export const text = (form: RegExp, allowed: string) => v.pipe(v.string(allowed), v.regex(form, allowed));

/** Whether no two are the same. */
export const unique = (values: readonly string[]): boolean => new Set(values).size === values.length;

/** The names as a message lists them. */
export const oneOf = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(", ");

/** One of a few words. */
export const word = <const Words extends readonly string[]>(words: Words) => v.picklist(words, oneOf(words));

/** What the site configuration calls a pool, a server or a node. */
export const name = text(/^[a-z0-9][a-z0-9-]{0,62}$/, "a name of small letters, digits and hyphens, at most 63");

/** RFC 3986 3.3, but for `*`, which would be taken for a pattern. */
export const path = v.pipe(
  text(/^\/[\w\-.~%!$&'()+,;=:@/]*$/, "a path that begins with /, such as /shop: it takes all below it, so no pattern"),
  v.check(
    (value) => !isReservedPath(value),
    "a path that is not reserved: /_trefoil/ and /dns-query belong to Trefoil",
  ),
);

/** RFC 9110 5.6.2. */
const token = "[!#$%&'*+\\-.^_`|~\\w]+";

/** The name of a field, RFC 9110 5.1. */
export const fieldName = text(new RegExp(`^${token}$`), "the name of a header field");

/** A part of a request by which it is told from others: one of these words, a field or a cookie. */
const partOfRequest = (words: readonly string[]) =>
  text(
    new RegExp(`^(?:${words.join("|")}|(?:header|cookie):${token})$`),
    `${oneOf(words)}, "header:<name>" or "cookie:<name>"`,
  );

/**
 * What of a request tells one client from another: its address, a field or a cookie. `source`, `header:X-User`,
 * `cookie:session`.
 */
export const clientKey = partOfRequest(["source"]);

/** What of a request an algorithm may hash: the same, or the path. */
export const hashKey = partOfRequest(["source", "uri"]);
