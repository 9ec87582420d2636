/** A year, the longest that RFC 2616 14.21 knew and caches keep to. Browsers do not revalidate what is immutable: RFC 8246. */
export const immutable = "public, max-age=31536000, immutable";

/** A part of a file name that a build tool made from the content: at least 8 hex digits, and no date or word. */
const fingerprint = /(?:^|[._-])(?=[a-f]*\d)(?=\d*[a-f])[\da-f]{8,}(?=[._-]|$)/i;

/**
 * Whether a file never changes under its path: its name bears a fingerprint of its content, or the site says so.
 *
 * @param prefixes beginnings of the paths of such files, from the site configuration.
 */
export function isImmutable(path: string, prefixes: readonly string[]): boolean {
  return fingerprint.test(path.slice(path.lastIndexOf("/") + 1)) || prefixes.some((prefix) => isWithin(path, prefix));
}

/** `/build` and `/build/` both hold `/build/app.js`; neither holds `/builder.js`. */
const isWithin = (path: string, prefix: string): boolean =>
  path.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`);
