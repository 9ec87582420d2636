import type { Context } from "hono";
import { deleteCookie, getCookie, getSignedCookie, setSignedCookie } from "hono/cookie";
import type { SigningKey } from "../../../../shared/http/session-lifetime.ts";
import { limits } from "../../../../shared/kernel/limits.ts";
import type { AppEnv } from "../env.ts";
import { keysOf } from "./keys.ts";

const name = "trefoil_session";

/** A token in base64url, a dot, its HMAC-SHA256 in base64: nothing else is looked at. */
const shape = /^[\w-]{43}\.[A-Za-z0-9+/]{43}=$/;

/**
 * The token of the visitor's cookie, if a key of this site has signed it. What is forged costs a signature and not a
 * query, but for a look for a key that another server has made meanwhile, `limits.sessionKeyReloadMs` apart.
 */
export async function readToken(c: Context<AppEnv>): Promise<string | null> {
  if (!shape.test(getCookie(c, name) ?? "")) return null;
  const { DB, NOW_MS } = c.env;
  const keys = await keysOf(DB, NOW_MS, limits.sessionKeyCacheMs);
  return (await verified(c, keys)) ?? verified(c, await keysOf(DB, NOW_MS, limits.sessionKeyReloadMs));
}

async function verified(c: Context<AppEnv>, keys: readonly SigningKey[]): Promise<string | null> {
  for (const { secret } of keys.toReversed()) {
    const token = await getSignedCookie(c, secret, name);
    if (token) return token;
  }
  return null;
}

/**
 * Gives the visitor the cookie of `token`, until it ends. His browser sends it with every request of this site and with
 * links to it, and with no form of another one (`SameSite=Lax`).
 */
export function giveToken(c: Context<AppEnv>, token: string, secret: string, expiresMs: number): Promise<void> {
  const maxAge = Math.floor((expiresMs - c.env.NOW_MS) / 1000);
  return setSignedCookie(c, name, token, secret, { ...attributes(c), maxAge });
}

/** Takes the cookie away. */
export function takeToken(c: Context<AppEnv>): void {
  deleteCookie(c, name, attributes(c));
}

/** `Secure` when the visitor came over TLS: then the cookie is to travel over nothing else. */
const attributes = (c: Context<AppEnv>) =>
  ({ path: "/", httpOnly: true, sameSite: "Lax", secure: new URL(c.req.url).protocol === "https:" }) as const;
