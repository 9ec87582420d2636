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
