import type { HeaderFields } from "./fields.ts";

const name = "TREFOIL_SRV";

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
  let value: string | null = null;
  const others = field.split(";").filter((cookie) => {
    const at = cookie.indexOf("=");
    if (at < 0 || cookie.slice(0, at).trim() !== name) return true;
    value ??= cookie.slice(at + 1).trim();
    return false;
  });
  if (value === null) return null;
  const left = others.join(";").trimStart();
  if (left === "") fields.delete("Cookie");
  else fields.set("Cookie", left);
  return value;
}

/** The fields of a response that pure code needs, where `Set-Cookie` may stand several times. */
export interface ResponseFields extends HeaderFields {
  getSetCookie(): string[];
}

/** Drops a `TREFOIL_SRV` that a server sets: the name is the front's (HAProxy manual 4.2, `cookie`, without `preserve`). */
export function dropAffinityCookie(fields: ResponseFields): void {
  if (!fields.get("Set-Cookie")?.includes(name)) return;
  const cookies = fields.getSetCookie();
  if (!cookies.some(isOwn)) return;
  fields.delete("Set-Cookie");
  for (const cookie of cookies) if (!isOwn(cookie)) fields.append("Set-Cookie", cookie);
}

/** RFC 6265 5.2: a browser takes the name without the space around it. */
const isOwn = (setCookie: string) => setCookie.split("=", 1)[0]?.trim() === name;

/** What the cookie says: the server, when the visitor was last seen, and when he was bound. */
export interface Affinity {
  readonly server: string;
  readonly lastMs: number | null;
  readonly firstMs: number | null;
}

/** Reads the cookie's value: `server`, `server|last` or `server|last|first`, as HAProxy writes it with `maxidle` and `maxlife`. */
export function affinityOf(value: string): Affinity {
  const [server = "", last = "", first = ""] = value.split("|");
  return { server, lastMs: readDate(last), firstMs: readDate(first) };
}

/** RFC 4648 4. */
const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** HAProxy, `b30tos30`: a date counts units of four seconds, in 30 bits, which are five digits. */
const unitMs = 4000;

function readDate(text: string): number | null {
  if (!/^[A-Za-z0-9+/]{5}$/.test(text)) return null;
  return unitMs * Array.from(text, (digit) => digits.indexOf(digit)).reduce((sum, digit) => sum * 64 + digit, 0);
}

function writeDate(ms: number): string {
  const units = Math.floor(ms / unitMs) % 2 ** 30;
  return [24, 18, 12, 6, 0].map((bits) => digits[Math.floor(units / 2 ** bits) % 64]).join("");
}

/** The dates that a cookie bears. */
function datesOf({ lastMs, firstMs }: Affinity): string {
  if (lastMs === null && firstMs === null) return "";
  const last = lastMs === null ? "" : writeDate(lastMs);
  return firstMs === null ? `|${last}` : `|${last}|${writeDate(firstMs)}`;
}

/**
 * Binds a visitor to the server that answered him, for as long as his browser runs.
 *
 * @param method of the request. What a cache could keep becomes private (`nocache`), or it would bind other visitors too.
 * @param secure did the visitor come over TLS? Then the cookie is to travel over nothing else.
 */
export function setAffinityCookie(fields: ResponseFields, affinity: Affinity, method: string, secure: boolean): void {
  const value = affinity.server + datesOf(affinity);
  fields.append("Set-Cookie", `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`);
  if ((method === "GET" || method === "HEAD") && isCacheable(fields)) fields.append("Cache-Control", "private");
}

/** HAProxy 2.6 calls a response cacheable that states its freshness or has a validator. */
const isCacheable = (fields: HeaderFields) =>
  ["Cache-Control", "Expires", "ETag", "Last-Modified"].some((field) => fields.get(field) !== null);
