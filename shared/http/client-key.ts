import { clientNetwork } from "./client-network.ts";
import type { HeaderFields } from "./fields.ts";

/** What a key can be taken from. */
export interface Keyed {
  /** The address of the client's end of the connection; `null` where the runtime does not tell. */
  readonly clientAddress: string | null;
  readonly pathname: string;
  readonly fields: Pick<HeaderFields, "get">;
}

/**
 * Compiles what tells one client, or one kind of request, from another.
 *
 * @param spec `source` (see `clientNetwork`), `uri` (the path, as HAProxy's `balance uri`), `header:<name>` or
 *   `cookie:<name>`.
 * @param ipv6Prefix bits of an IPv6 address that count.
 * @returns the key of a request; empty where it has none.
 */
export function openClientKey(spec: string, ipv6Prefix = 64): (request: Keyed) => string {
  const [kind, name = ""] = spec.split(":");
  if (kind === "source")
    return ({ clientAddress }) => (clientAddress === null ? "" : clientNetwork(clientAddress, ipv6Prefix));
  if (kind === "uri") return ({ pathname }) => pathname;
  if (kind === "header") return ({ fields }) => fields.get(name) ?? "";
  return ({ fields }) => cookieIn(fields.get("Cookie"), name);
}

/** The first cookie of a name: RFC 6265 4.2.1. */
function cookieIn(field: string | null, name: string): string {
  for (const pair of field?.split(";") ?? []) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return "";
}
