import type { HeaderFields } from "./fields.ts";

/**
 * Fields that concern one connection only: RFC 9110 7.6.1; `Trailer` and those of a proxy's own authentication (11.7) as
 * of RFC 2616 13.5.1, since the front is no proxy that a client has chosen. `Proxy-Status` is for everybody (RFC 9209 2).
 */
const hopByHop = [
  "Connection",
  "Proxy-Connection",
  "Keep-Alive",
  "Proxy-Authenticate",
  "Proxy-Authentication-Info",
  "Proxy-Authorization",
  "TE",
  "Trailer",
  "Transfer-Encoding",
  "Upgrade",
];

/** Removes the fields that must not go to the next hop, with those that `Connection` names (RFC 9110 7.6.1). */
export function removeHopByHop(fields: HeaderFields): void {
  const named = fields.get("Connection")?.split(",") ?? [];
  for (const name of named.map((option) => option.trim()).filter(mayBeRemoved)) fields.delete(name);
  for (const name of hopByHop) fields.delete(name);
}

/** RFC 9110 5.6.2: `Headers` throws at a name of another form. `Host` says for whom a request is, on every hop (7.2). */
const mayBeRemoved = (text: string) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text) && text.toLowerCase() !== "host";
