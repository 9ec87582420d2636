import type { HeaderFields } from "./fields.ts";
import { parseHttpDate } from "./http-date.ts";

/** An entity tag, RFC 9110 8.8.3: a version of a file, and whether it stands for the same bytes or only the same meaning. */
export interface EntityTag {
  readonly weak: boolean;
  readonly opaque: string;
}

/** The fields of a request that are asked for, `null` where absent. */
type Fields = Pick<HeaderFields, "get">;

/** What the version of a file is known by, RFC 9110 8.8. */
export interface Validators {
  readonly tag: EntityTag;
  /** `Last-Modified` in seconds since 1970. */
  readonly modifiedS: number;
}

/** What the conditions say: go on, answer 304, or answer 412. */
export type Verdict = "proceed" | "not-modified" | "precondition-failed";

/** entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE, RFC 9110 8.8.3. A comma may stand inside the quotes. */
const entityTag = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/;
/** One element of a list of tags with the comma that ends it; the element may be empty, RFC 9110 5.6.1.2. */
const listElement = /[ \t]*(?:(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*)?(?:,|$)/y;

/** Reads one entity tag; `null` when the text is not exactly one. */
export function parseEntityTag(text: string): EntityTag | null {
  const match = entityTag.exec(text);
  return match === null ? null : { weak: match[1] !== undefined, opaque: match[2] ?? "" };
}

/**
 * Reads the value of `If-Match` or `If-None-Match`: `*`, or a list of tags (RFC 9110 13.1.1, 13.1.2), in linear time.
 *
 * @returns the tags, `"*"` for any; no tags at all when the value is malformed, so that such a field matches nothing
 *   and the request is answered on the safe side: in full, or by 412.
 */
export function parseEntityTags(text: string): readonly EntityTag[] | "*" {
  if (text.trim() === "*") return "*";
  const tags: EntityTag[] = [];
  listElement.lastIndex = 0;
  do {
    const match = listElement.exec(text);
    if (match === null) return [];
    if (match[2] !== undefined) tags.push({ weak: match[1] !== undefined, opaque: match[2] });
  } while (listElement.lastIndex < text.length);
  return tags;
}

/** Strong comparison, RFC 9110 8.8.3.2: the same bytes. */
const sameBytes = (a: EntityTag, b: EntityTag): boolean => !a.weak && !b.weak && a.opaque === b.opaque;

/** Weak comparison, RFC 9110 8.8.3.2: the same meaning. */
const sameMeaning = (a: EntityTag, b: EntityTag): boolean => a.opaque === b.opaque;

/**
 * Judges the conditions of a GET or HEAD for an existing file, in the order of RFC 9110 13.2.2: a tag is asked for
 * before a date, which then has no say. A date that is none is ignored (13.1.3, 13.1.4).
 *
 * @param current the validators of the bytes that would be sent.
 * @param nowS the time, in seconds since 1970.
 */
export function judge(fields: Fields, current: Validators, nowS: number): Verdict {
  const asked = (name: string) => fields.get(name);
  const dateOf = (name: string) => parseHttpDate(asked(name)?.trim() ?? "", nowS);
  const [ifMatch, ifNoneMatch] = [asked("If-Match"), asked("If-None-Match")];
  const unmodifiedSinceS = ifMatch === null ? dateOf("If-Unmodified-Since") : null;
  const modifiedSinceS = ifNoneMatch === null ? dateOf("If-Modified-Since") : null;
  if (ifMatch !== null && !matches(ifMatch, current.tag, sameBytes)) return "precondition-failed";
  if (unmodifiedSinceS !== null && current.modifiedS > unmodifiedSinceS) return "precondition-failed";
  if (ifNoneMatch !== null && matches(ifNoneMatch, current.tag, sameMeaning)) return "not-modified";
  if (modifiedSinceS !== null && current.modifiedS <= modifiedSinceS) return "not-modified";
  return "proceed";
}

function matches(field: string, current: EntityTag, same: typeof sameBytes): boolean {
  const tags = parseEntityTags(field);
  return tags === "*" || tags.some((tag) => same(tag, current));
}

/**
 * Does `If-Range` still allow the part to be sent? Only for exactly the same bytes, RFC 9110 13.1.5.
 *
 * @param ifRange the field as it came, `null` when absent.
 * @param isOneForm whether the client has only ever got these bytes by this date: compressed ones have the same date.
 */
export function rangeHolds(ifRange: string | null, current: Validators, nowS: number, isOneForm: boolean): boolean {
  if (ifRange === null) return true;
  const tag = parseEntityTag(ifRange.trim());
  if (tag !== null) return sameBytes(tag, current.tag);
  // A date tells versions apart once its second is over, RFC 9110 8.8.2.2.
  return isOneForm && current.modifiedS < nowS && parseHttpDate(ifRange.trim(), nowS) === current.modifiedS;
}
