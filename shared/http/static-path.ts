/**
 * Which file a path stands for, as nginx's `try_files $uri $uri/index.html` would ask: a path that ends in a slash is
 * its folder's `index.html`, one whose last segment has an extension is that file. Every other path belongs to the
 * application alone, so that a dynamic request never looks for a file.
 *
 * @param pathname the path of a parsed URL: dot segments are gone from it already.
 * @returns the path of the file, or `null`.
 */
export function staticPath(pathname: string): string | null {
  if (pathname.endsWith("/")) return `${pathname}index.html`;
  return pathname.includes(".", pathname.lastIndexOf("/")) ? pathname : null;
}
