import type { Splice } from "./tree-change.ts";

/**
 * The texts of an origin: what stands where in the configurations. All edits are of the form that these files have in the
 * project and keep what a user has written around it; where a text is of another form, the result is `null`.
 */

/** The name of an origin's Worker. RFC 1123 leaves a name 63 characters. */
export const workerOf = (origin: string): string => `origin-${origin}`;

/** The name of the service bindings that lead to an origin: `ORIGIN_D`. */
export const bindingOf = (origin: string): string => workerOf(origin).toUpperCase().replaceAll("-", "_");

/** The name of control's binding to its faults. */
const faultsBindingOf = (origin: string): string => `${bindingOf(origin)}_FAULTS`;

/** The configuration of a new origin, from that of another. */
export function originToml(like: string, from: string, origin: string): string | null {
  const lines = [
    [`name = "${workerOf(from)}"`, `name = "${workerOf(origin)}"`],
    [`SERVER = "${from}"`, `SERVER = "${origin}"`],
  ] as const;
  let toml = like.replace(`# Origin ${from}:`, `# Origin ${origin}:`);
  for (const [old, line] of lines) {
    const parts = `\n${toml}`.split(`\n${old}\n`);
    if (parts.length !== 2) return null;
    toml = parts.join(`\n${line}\n`).slice(1);
  }
  return toml;
}

/** A section of a `wrangler.toml` that binds an origin; `faults`: its faults, and not its requests. */
export function serviceSection(origin: string, faults: boolean): string {
  const binding = faults ? faultsBindingOf(origin) : bindingOf(origin);
  const entrypoint = faults ? 'entrypoint = "FaultPort"\n' : "";
  return `[[services]]\nbinding = "${binding}"\nservice = "${workerOf(origin)}"\n${entrypoint}`;
}

const sections = (toml: string) => [...toml.matchAll(/^\[\[services\]\]\n(?:[a-z_]+ = "[^"\n]*"\n)+/gm)];

/** Puts the section of an origin behind the last one of its kind. */
export function addService(toml: string, origin: string, faults: boolean): Splice | null {
  const isOfKind = ({ 0: text }: RegExpExecArray) =>
    text.includes('\nservice = "origin-') && faults === text.includes('\nentrypoint = "FaultPort"\n');
  const last = sections(toml).findLast(isOfKind);
  if (last === undefined) return null;
  return { at: last.index + last[0].length, gone: "", come: `\n${serviceSection(origin, faults)}` };
}

/** Takes it out again, with the empty line before it. */
export function removeService(toml: string, origin: string, faults: boolean): Splice | null {
  const own = sections(toml).filter(({ 0: text }) => text === serviceSection(origin, faults));
  const [section, ...others] = own;
  if (section === undefined || others.length > 0) return null;
  const at = toml.endsWith("\n\n", section.index) ? section.index - 1 : section.index;
  return { at, gone: toml.slice(at, section.index + section[0].length), come: "" };
}

/** A server of a pool as `site.config.ts` has it. */
export function serverEntry(origin: string, weight: number): string {
  const share = weight === 1 ? "" : `, weight: ${weight}`;
  return `{ name: "${origin}", binding: "${bindingOf(origin)}"${share} }`;
}

/** Every object without inner ones in a text that has a key with this value. */
const entries = (text: string, key: "name" | "binding", value: string) =>
  [...text.matchAll(/\{[^{}]*\}/g)].filter(([entry]) => new RegExp(`\\b${key}: ["']${value}["']`).test(entry));

/** Where lines begin and end that an entry has for itself; `null` when something else stands there. */
function ownLines(text: string, { index, 0: entry }: RegExpExecArray): { start: number; end: number } | null {
  const start = text.lastIndexOf("\n", index) + 1;
  const rest = /^,[ \t]*(?:\/\/[^\n]*)?\n/.exec(text.slice(index + entry.length));
  if (rest === null || text.slice(start, index).trim() !== "") return null;
  return { start, end: index + entry.length + rest[0].length };
}

/**
 * The ways to put an entry behind that of the server `last`: one for each place where such a one stands. Which is the right
 * one has to be found out by loading the text.
 */
export function addServer(text: string, last: string, entry: string): Splice[] {
  return entries(text, "name", last).map((found) => {
    const lines = ownLines(text, found);
    if (lines === null) return { at: found.index + found[0].length, gone: "", come: `, ${entry}` };
    return { at: lines.end, gone: "", come: `${text.slice(lines.start, found.index)}${entry},\n` };
  });
}

/** Takes out every entry with a binding, with its comma and, if it has lines for itself, these. */
export function removeServer(text: string, binding: string): Splice[] {
  return entries(text, "binding", binding).map((found) => {
    const { start, end } = ownLines(text, found) ?? withComma(text, found);
    return { at: start, gone: text.slice(start, end), come: "" };
  });
}

/** The comma before an entry; that after it, where it is the first. */
function withComma(text: string, { index, 0: entry }: RegExpExecArray): { start: number; end: number } {
  const end = index + entry.length;
  const before = /,\s*$/.exec(text.slice(0, index));
  if (before !== null) return { start: before.index, end };
  return { start: index, end: end + (/^,\s*/.exec(text.slice(end))?.[0].length ?? 0) };
}
