import { sha256 } from "hono/utils/crypto";
import { encodeBase64Url } from "hono/utils/encode";
import { present } from "../../../../shared/kernel/assert.ts";

/** 256 random bits in base64url: 43 characters. They are a visitor's token, or the secret of a key. */
export const randomText = (): string =>
  encodeBase64Url(crypto.getRandomValues(new Uint8Array(32)).buffer).replace("=", "");

/**
 * The SHA-256 of a token in hexadecimal digits, by which the database knows it: who can read the database cannot make a
 * cookie from it. A token has too many bits to be guessed, so it needs no salt and no slow hash, as a password does.
 */
export async function hashOf(token: string): Promise<string> {
  return present(await sha256(token), "SHA-256 of the runtime");
}
