import { failure, type Failure } from "../kernel/error.ts";
import { limits } from "../kernel/limits.ts";

/** The key of a request, `null` where it has none; or what is wrong with the field. */
export type ReadKey = { readonly ok: true; readonly key: string | null } | Failure;

/** RFC 9651 3.3.3: a String. */
const quoted = /^"(?:[ !#-[\]-~]|\\["\\])*"$/;

/** What many clients send in its place: the text alone. Two fields, which HTTP joins by a comma, are no key. */
const bare = /^[\w!#$%&'*+./:=@^`|~-]+$/;

/**
 * Reads the field `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07 2.1). With or without quotes, the same
 * text is the same key.
 *
 * @param field its value, `null` or `undefined` when absent.
 * @returns `bad-request` for what is no key, and for one that is empty or longer than `limits.idempotencyKeyLength`.
 */
export function readIdempotencyKey(field: string | null | undefined): ReadKey {
  const text = field?.trim();
  if (text === undefined) return { ok: true, key: null };
  const key = bare.test(text) ? text : quoted.test(text) ? unquoted(text) : null;
  if (key !== null && key.length > 0 && key.length <= limits.idempotencyKeyLength) return { ok: true, key };
  return failure("bad-request", malformed);
}

const unquoted = (text: string): string => text.slice(1, -1).replaceAll(/\\(["\\])/g, "$1");

const malformed =
  `Idempotency-Key is one text of 1 to ${limits.idempotencyKeyLength} printable ASCII characters in double quotes, ` +
  'such as "8e03978e-40d5-43e8-bc93-6894a57f9324".';
