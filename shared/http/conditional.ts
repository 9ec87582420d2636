/** An entity tag, RFC 9110 8.8.3: a version of a file, and whether it stands for the same bytes or only the same meaning. */
export interface EntityTag {
  readonly weak: boolean;
  readonly opaque: string;
}

/** The conditions of a request: the fields as they came, `null` where absent. */
export interface Conditions {
  readonly ifMatch: string | null;
  readonly ifNoneMatch: string | null;
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
 * Judges the conditions of a GET or HEAD for an existing file, in the order of RFC 9110 13.2.2.
 * `If-Unmodified-Since` and `If-Modified-Since` have no say, because the file has no date (13.1.3, 13.1.4).
 *
 * @param current the file's entity tag, `null` when it has none.
 */
export function judge({ ifMatch, ifNoneMatch }: Conditions, current: EntityTag | null): Verdict {
  if (ifMatch !== null && !matches(ifMatch, current, sameBytes)) return "precondition-failed";
  if (ifNoneMatch !== null && matches(ifNoneMatch, current, sameMeaning)) return "not-modified";
  return "proceed";
}

function matches(field: string, current: EntityTag | null, same: typeof sameBytes): boolean {
  const tags = parseEntityTags(field);
  return tags === "*" || (current !== null && tags.some((tag) => same(tag, current)));
}

/**
 * Does `If-Range` still allow the part to be sent? RFC 9110 13.1.5: only for exactly the same bytes. A date never
 * holds, because the file has none.
 */
export function rangeHolds(ifRange: string | null, current: EntityTag | null): boolean {
  if (ifRange === null) return true;
  const tag = parseEntityTag(ifRange.trim());
  return tag !== null && current !== null && sameBytes(tag, current);
}
