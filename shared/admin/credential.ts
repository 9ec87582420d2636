/**
 * The token that a request offers: as Bearer (RFC 6750 2.1), or as the password of the user `admin` in Basic (RFC 7617 2),
 * for tools that know nothing else.
 *
 * @param field the value of `Authorization`, `null` when absent.
 * @param decodeBase64 decodes to text, `null` when it is no base64.
 * @returns `null` if there is none in either form.
 */
export function offeredToken(field: string | null, decodeBase64: (text: string) => string | null): string | null {
  const [, scheme = "", credential = ""] = /^(\S+) +(\S+)$/.exec(field?.trim() ?? "") ?? [];
  if (scheme.toLowerCase() === "bearer") return credential;
  if (scheme.toLowerCase() !== "basic") return null;
  const userAndPassword = decodeBase64(credential);
  return userAndPassword?.startsWith(user) ? userAndPassword.slice(user.length) : null;
}

const user = "admin:";
