import type { HeaderFields } from "./fields.ts";

/**
 * Fields that concern one connection only: RFC 9110 7.6.1; `Trailer` and those of a proxy's own authentication (11.7) as
 * of RFC 2616 13.5.1, since the front is no proxy that a client has chosen. `Proxy-Status` is for everybody (RFC 9209 2).
 */
export const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Removes the fields that must not go to the next hop, with those that `Connection` names (RFC 9110 7.6.1), and others.
 * One pass over the fields: each removal of one that is not there costs as much as the whole of it.
 *
 * @param isOther whether one goes, too, by its name in small letters.
 * @returns the bytes of all that was there, names and values: a character of a field that came over HTTP is one.
 */
export function removeHopByHop(fields: HeaderFields, isOther: (name: string) => boolean = () => false): number {
  const removed: string[] = [];
  let bytes = 0;
  fields.forEach((value, name) => {
    bytes += name.length + value.length;
    if (name === "connection") removed.push(...optionsIn(value));
    if (hopByHop.has(name) || isOther(name)) removed.push(name);
  });
  for (const name of removed) fields.delete(name);
  return bytes;
}

const optionsIn = (connection: string): string[] =>
  connection
    .toLowerCase()
    .split(",")
    .map((option) => option.trim())
    .filter(mayBeRemoved);

/** RFC 9110 5.6.2: `Headers` throws at a name of another form. `Host` says for whom a request is, on every hop (7.2). */
const mayBeRemoved = (name: string) => /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) && name !== "host";
