import type { Bookmark } from "../kernel/brand.ts";
import { formatBookmark, parseBookmark } from "../replication/bookmark.ts";

const name = "trefoil_bookmark";

/**
 * The bookmark that a visitor's browser keeps: how far in the log his own writes stand, so that any server can let him
 * read them.
 *
 * @param field the `Cookie` of the request as it came (RFC 6265 5.4), `null` when absent.
 * @returns the first bookmark in it; `null` when there is none, or what is there is no bookmark.
 */
export function readBookmarkCookie(field: string | null): Bookmark | null {
  const pairs = field?.split(";") ?? [];
  for (const pair of pairs) {
    const [key, value] = pair.split("=", 2);
    const position = key?.trim() === name ? parseBookmark(value?.trim() ?? "") : undefined;
    if (position !== undefined) return formatBookmark(position);
  }
  return null;
}

/**
 * The `Set-Cookie` that gives the visitor his bookmark for as long as the browser runs. Scripts have no use for it.
 *
 * @param secure did the visitor come over TLS? Then the cookie is to travel over nothing else.
 */
export const writeBookmarkCookie = (bookmark: Bookmark, secure: boolean): string =>
  `${name}=${bookmark}; Path=/; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`;
