import { encodePath } from "./static-file.ts";

/** What a path asks for. */
export type StaticTarget =
  /** The file with this path. */
  | { readonly kind: "file"; readonly path: string }
  /** A folder without the slash at its end: `Location` for the redirect. */
  | { readonly kind: "folder"; readonly location: string }
  /** No file. The path as a URL spells it, `null` for one that cannot be a name. */
  | { readonly kind: "none"; readonly path: string | null };

/**
 * Finds what a path stands for, as nginx does with `index index.html` and `merge_slashes on`. Only what is a file by
 * its exact name can be found, so no spelling leads out of the folder.
 *
 * @param pathname the path of a parsed URL: dot segments are gone from it already.
 * @param search its query with the question mark, or nothing.
 * @param isFile whether there is a file with this path.
 */
export function staticTarget(pathname: string, search: string, isFile: (path: string) => boolean): StaticTarget {
  const path = decode(pathname.replaceAll(/\/{2,}/g, "/"));
  if (path === null) return { kind: "none", path };
  const file = path.endsWith("/") ? `${path}index.html` : path;
  if (isFile(file)) return { kind: "file", path: file };
  if (isFile(`${path}/index.html`)) return { kind: "folder", location: `${encodePath(path)}/${search}` };
  return { kind: "none", path: encodePath(path) };
}

/**
 * Undoes percent-encoding, which is how characters that need none are the same as themselves (RFC 3986 6.2.2.2).
 *
 * @returns `null` for what is not UTF-8, and where a slash was encoded to be no delimiter (RFC 3986 2.2).
 */
function decode(path: string): string | null {
  if (!path.includes("%")) return path;
  if (/%2f/i.test(path)) return null;
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}
