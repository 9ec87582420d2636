import { limits } from "../kernel/limits.ts";
import { type Redirect, redirectStatuses, wildcardNames } from "./redirects.ts";
import { decodePath } from "./url-path.ts";

/** What a file `_redirects` says, or one line for each problem in it, which is for the user. */
export type RedirectsFile =
  | { readonly ok: true; readonly redirects: readonly Redirect[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Reads a file `_redirects`: on each line a path, where it leads, and a status, 302 if it is not said. The form is
 * Cloudflare's (https://developers.cloudflare.com/workers/static-assets/redirects/), which passes over lines that it does
 * not understand; here they are problems.
 */
export function readRedirects(text: string): RedirectsFile {
  const lines = text
    .split("\n")
    .map((line, index) => ({ number: index + 1, words: wordsOf(line), length: line.length }));
  const rules = lines.filter(({ words }) => words.length > 0);
  const problems = rules.flatMap(({ number, words, length }) => {
    const problem = length > limits.redirectLength ? tooLong : problemOf(words);
    return problem === null ? [] : [`_redirects, line ${number}: ${problem}`];
  });
  const redirects = rules.map(({ words: [from = "", to = "", status = "302"] }) => ruleOf(from, to, status));
  problems.push(...repeated(rules), ...tooMany(redirects));
  return problems.length === 0 ? { ok: true, redirects } : { ok: false, problems };
}

/** A `#` begins a comment, but not within a word: there it begins a fragment. */
const wordsOf = (line: string): readonly string[] =>
  line
    .replace(/(^|\s)#.*/, "")
    .split(/\s+/)
    .filter((word) => word !== "");

const tooLong = `longer than ${limits.redirectLength} characters.`;

const ruleOf = (from: string, to: string, status: string): Redirect => ({
  from,
  // Fields are ASCII, RFC 9110 5.5.
  to: to.replaceAll(/[^\x21-\x7e]+/g, encodeURIComponent),
  status: redirectStatuses.find((each) => `${each}` === status) ?? 302,
});

function problemOf([from = "", to = "", status = "302", ...more]: readonly string[]): string | null {
  if (to === "" || more.length > 0) return "a path, where it leads, and a status if it is not 302 are expected.";
  return sourceProblem(from) ?? targetProblem(to) ?? statusProblem(status);
}

function sourceProblem(from: string): string | null {
  if (!/^\/[^?#]*$/.test(from)) return `${from} is not a path, which begins with / and has no query.`;
  if (decodePath(from) === null) return `${from} is percent-encoded in a way in which no path of a file is.`;
  const names = wildcardNames(from);
  if (new Set(names).size < names.length) return `${from} has two wildcards of the same name; that of * is splat.`;
  // Side by side they could share a text in so many ways that trying them all would take for ever.
  const isCrowded = from.split("/").some((segment) => wildcardNames(segment).length > 1);
  return isCrowded ? `${from} has two wildcards between the same slashes.` : null;
}

/** The name of a host, or an address, with a port. A wildcard there would let the request choose the host. */
const authority = /^https?:\/\/(?:[a-z\d](?:[a-z\d.-]*[a-z\d])?|\[[a-f\d:.]+\])(?::\d+)?(?=[/?#]|$)/i;

function targetProblem(to: string): string | null {
  if (to.includes("\\")) return `${to} has a backslash, which browsers take for a slash.`;
  if (/^\/(?!\/)/.test(to) || authority.test(to)) return null;
  return `${to} is neither a path of this site nor a URL such as https://example.com/docs/:splat, with a host that is given.`;
}

function statusProblem(status: string): string | null {
  if (redirectStatuses.some((each) => `${each}` === status)) return null;
  if (status === "200") return "200 would serve one file for another: give the file that name, or redirect with 302.";
  return `the status is ${status}; ${redirectStatuses.join(", ")} are allowed.`;
}

/** Only the first of two rules for the same paths is ever used. */
function repeated(rules: readonly { readonly number: number; readonly words: readonly string[] }[]): string[] {
  const firsts = new Map<string, number>();
  return rules.flatMap(({ number, words: [from = ""] }) => {
    const first = firsts.get(from);
    firsts.set(from, first ?? number);
    return first === undefined ? [] : [`_redirects, line ${number}: ${from} is redirected by line ${first} already.`];
  });
}

function tooMany(redirects: readonly Redirect[]): string[] {
  const patterns = redirects.filter(({ from }) => wildcardNames(from).length > 0).length;
  return [
    ...over(redirects.length - patterns, limits.redirects, ""),
    ...over(patterns, limits.redirectPatterns, " with wildcards"),
  ];
}

const over = (count: number, most: number, which: string): string[] =>
  count > most ? [`_redirects: ${count} rules${which}; at most ${most} are allowed.`] : [];
