/** Whether a path belongs to Trefoil, so that the site never sees it. */
export function isReservedPath(pathname: string): boolean {
  return pathname === "/_trefoil" || pathname.startsWith("/_trefoil/") || pathname === "/dns-query";
}
