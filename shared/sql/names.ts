import type { Token } from "./tokenize.ts";

/** Tables and triggers of the system begin so. Users cannot see, name or change them. */
export const systemPrefix = "_trefoil_";

/** Names that belong to the system or to what it runs on: the platform (`_cf_`) and its local emulation. */
const reservedPrefixes = [systemPrefix, "_cf_", "__miniflare_"] as const;

/** Is `name` kept for the system? SQLite compares names without regard to case. */
export const isReserved = (name: string): boolean =>
  reservedPrefixes.some((prefix) => name.slice(0, prefix.length).toLowerCase() === prefix);

/** Objects that introspection leaves out begin so: those of the system, and the indexes that SQLite makes for its tables. */
const hiddenPrefixes = [...reservedPrefixes, ...reservedPrefixes.map((prefix) => `sqlite_autoindex_${prefix}`)];

/** Does introspection leave `name` out? */
export const isHidden = (name: string): boolean =>
  hiddenPrefixes.some((prefix) => name.slice(0, prefix.length).toLowerCase() === prefix);

/** The same as an SQL condition: is the value of `expression` a name that is shown? */
export const ofUser = (expression: string): string =>
  hiddenPrefixes
    .map((prefix) => `lower(substr(${expression}, 1, ${prefix.length})) <> ${quoteText(prefix)}`)
    .join(" AND ");

/** The name that an identifier or string token stands for, without its quotes. */
export function nameOf({ kind, text }: Token): string {
  if (kind !== "quoted" && kind !== "string") return text;
  const quote = text.charAt(0);
  return quote === "[" ? text.slice(1, -1) : text.slice(1, -1).replaceAll(quote + quote, quote);
}

/** `name` as an SQL identifier. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** `text` as an SQL string. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
