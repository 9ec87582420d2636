import { decodePath, encodePath } from "./url-path.ts";

/** What a path asks for. */
export type StaticTarget =
  /** The file with this path. */
  | { readonly kind: "file"; readonly path: string }
  /** A folder without the slash at its end: `Location` for the redirect. */
  | { readonly kind: "folder"; readonly location: string }
  | { readonly kind: "none" };

/**
 * Finds what a path stands for, as nginx does with `index index.html` and `merge_slashes on`. Only what is a file by
 * its exact name can be found, so no spelling leads out of the folder.
 *
 * @param pathname the path of a parsed URL: dot segments are gone from it already.
 * @param search its query with the question mark, or nothing.
 * @param isFile whether there is a file with this path.
 */
export function staticTarget(pathname: string, search: string, isFile: (path: string) => boolean): StaticTarget {
  const path = decodePath(pathname);
  if (path === null) return { kind: "none" };
  const file = path.endsWith("/") ? `${path}index.html` : path;
  if (isFile(file)) return { kind: "file", path: file };
  if (isFile(`${path}/index.html`)) return { kind: "folder", location: `${encodePath(path)}/${search}` };
  return { kind: "none" };
}
