import { offeredToken } from "../../shared/admin/credential.ts";

/** What a client without a credential is asked for: Basic first, for browsers look no further. RFC 9110 11.6.1. */
export const challenges = new Headers([
  ["WWW-Authenticate", 'Basic realm="Trefoil", charset="UTF-8"'],
  ["WWW-Authenticate", 'Bearer realm="Trefoil"'],
]);

/** Whether a request carries the admin token. Where no token is set, none is right. */
export async function isAdmin(request: Request, adminToken: string | undefined): Promise<boolean> {
  const offered = offeredToken(request.headers.get("Authorization"), decodeBase64);
  if (!adminToken || offered === null) return false;
  const [one, other] = await Promise.all([digest(adminToken), digest(offered)]);
  return crypto.subtle.timingSafeEqual(one, other);
}

/** Digests are of equal length, so that the comparison tells nothing about the token's. */
const digest = (text: string) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));

function decodeBase64(text: string): string | null {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
  } catch {
    return null;
  }
}
