/**
 * The path that a URL spells. Percent-encoding is undone: characters that need none are the same as themselves (RFC 3986
 * 6.2.2.2). Slashes are merged.
 *
 * @returns `null` for what is not UTF-8, and where a slash was encoded to be no delimiter (RFC 3986 2.2).
 */
export function decodePath(pathname: string): string | null {
  const path = pathname.replaceAll(/\/{2,}/g, "/");
  if (!path.includes("%")) return path;
  if (/%2f/i.test(path)) return null;
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

/** Spells a path for a URL, each segment percent-encoded as the assets binding spells it: it redirects other spellings. */
export const encodePath = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

/** What may stand in a segment of a path as it is: RFC 3986 3.3. */
const plain = /^[\w\-.~!$&'()*+,;=:@]$/;

/**
 * One spelling for all those by which a path may be written, so that a rule which names it cannot be got round: slashes are
 * merged, and what need not be percent-encoded is not.
 */
export function normalizePath(pathname: string): string {
  if (!pathname.includes("%") && !pathname.includes("//")) return pathname;
  return pathname.replaceAll(/\/{2,}/g, "/").replaceAll(/%[\da-f]{2}/gi, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
    return plain.test(character) ? character : encoded.toUpperCase();
  });
}
