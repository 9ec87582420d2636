import type { HeaderFields } from "./fields.ts";

const name = "TREFOIL_SRV";

/** The cookie with what parts it from the one before. */
const own = new RegExp(`(?:^|;)\\s*${name}=([^;]*)`, "g");

/**
 * Takes the cookie that names a visitor's server out of a request, as HAProxy does with `indirect`: it is between the
 * visitor and the front, and a server never sees it.
 *
 * @param fields those of the request; `Cookie` goes when nothing else is in it.
 * @returns the server's name as the cookie has it, which may be anything; `null` without one.
 */
export function takeAffinityCookie(fields: HeaderFields): string | null {
  const field = fields.get("Cookie");
  if (field === null || !field.includes(name)) return null;
  const [first] = field.matchAll(own);
  if (first === undefined) return null;
  const others = field.replaceAll(own, "").replace(/^;\s*/, "");
  if (others === "") fields.delete("Cookie");
  else fields.set("Cookie", others);
  return (first[1] ?? "").trim();
}

/** The fields of a response that pure code needs, where `Set-Cookie` may stand several times. */
export interface ResponseFields extends HeaderFields {
  getSetCookie(): string[];
}

/** Drops a `TREFOIL_SRV` that a server sets: the name is the front's (HAProxy manual 4.2, `cookie`, without `preserve`). */
export function dropAffinityCookie(fields: ResponseFields): void {
  const cookies = fields.getSetCookie();
  if (!cookies.some(isOwn)) return;
  fields.delete("Set-Cookie");
  for (const cookie of cookies) if (!isOwn(cookie)) fields.append("Set-Cookie", cookie);
}

/** RFC 6265 5.2: a browser takes the name without the space around it. */
const isOwn = (setCookie: string) => setCookie.split("=", 1)[0]?.trim() === name;

/**
 * Binds a visitor to the server that answered him, for as long as his browser runs.
 *
 * @param method of the request. What a cache could keep becomes private (`nocache`), or it would bind other visitors too.
 * @param secure did the visitor come over TLS? Then the cookie is to travel over nothing else.
 */
export function setAffinityCookie(fields: ResponseFields, server: string, method: string, secure: boolean): void {
  fields.append("Set-Cookie", `${name}=${server}; Path=/; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`);
  if ((method === "GET" || method === "HEAD") && isCacheable(fields)) fields.append("Cache-Control", "private");
}

/** HAProxy 2.6 calls a response cacheable that states its freshness or has a validator. */
const isCacheable = (fields: HeaderFields) =>
  ["Cache-Control", "Expires", "ETag", "Last-Modified"].some((field) => fields.get(field) !== null);
