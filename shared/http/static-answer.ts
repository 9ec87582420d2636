import { immutable, isImmutable } from "./cache-lifetime.ts";
import { judge, rangeHolds, type Validators } from "./conditional.ts";
import { acceptsCoding, chooseCoding } from "./content-coding.ts";
import type { HeaderFields } from "./fields.ts";
import { formatHttpDate } from "./http-date.ts";
import { type ByteRange, contentRange, type Selection, selectRange, unsatisfiedRange } from "./range.ts";
import { type Coding, codings, type Representation, type StaticFile } from "./static-file.ts";

/** A request for a file. */
export interface StaticRequest {
  readonly method: string;
  readonly headers: Pick<HeaderFields, "get">;
}

/** What to answer for a file. */
export type StaticAnswer =
  /** 405 or the answer to OPTIONS, 412, 416: they say nothing of the content. */
  | { readonly status: 204 | 405 | 412 | 416; readonly fields: Fields }
  /** 304, or 200 to HEAD: the fields of the content without it. */
  | { readonly status: 200 | 304; readonly fields: Fields; readonly coding: Coding | null; readonly content: null }
  /** All of the content in a coding, or a part of it as it is. */
  | {
      readonly status: 200 | 206;
      readonly fields: Fields;
      readonly coding: Coding | null;
      readonly content: "whole" | ByteRange;
    };

type Fields = Readonly<Record<string, string>>;

const allow = { Allow: "GET, HEAD, OPTIONS" };

/**
 * Decides what a request for a file is answered: method, conditions, range, in the order of RFC 9110 13.2.2.
 *
 * A range that is in force selects the bytes as they are, else the best variant is selected: whoever puts a file together
 * from parts never mixes the two, because their tags differ.
 *
 * @param nowS the time, in seconds since 1970.
 */
export function answerStatic(request: StaticRequest, file: StaticFile, nowS: number): StaticAnswer {
  const { method, headers } = request;
  if (method === "OPTIONS") return { status: 204, fields: allow };
  if (method !== "GET" && method !== "HEAD") return { status: 405, fields: allow };
  const available = codings.filter((coding) => file.variants[coding] !== undefined);
  const negotiated = chooseCoding(headers.get("Accept-Encoding"), available);
  const range = rangeInForce(request, file, negotiated, nowS);
  const coding = range.kind === "whole" ? negotiated : null;
  const verdict = judge(headers, validatorsOf(file, coding), nowS);
  if (verdict === "precondition-failed") return { status: 412, fields: {} };
  if (verdict === "not-modified") return { status: 304, fields: cacheFields(file, coding), coding, content: null };
  if (range.kind === "none") return { status: 416, fields: { "Content-Range": unsatisfiedRange(file.sizeBytes) } };
  const fields = contentFields(file, coding, range, acceptsCoding(headers.get("Accept-Encoding")));
  if (method === "HEAD") return { status: 200, fields, coding, content: null };
  return {
    status: range.kind === "part" ? 206 : 200,
    fields,
    coding,
    content: range.kind === "part" ? range : "whole",
  };
}

/** The bytes that `Range` asks for. It is for GET alone, RFC 9110 14.2. */
function rangeInForce({ method, headers }: StaticRequest, file: StaticFile, negotiated: Coding | null, nowS: number) {
  const selection = selectRange(method === "GET" ? headers.get("Range") : null, file.sizeBytes);
  const holds = rangeHolds(headers.get("If-Range"), validatorsOf(file, null), nowS, negotiated === null);
  return holds ? selection : ({ kind: "whole" } satisfies Selection);
}

/** The bytes of a file in a coding that it is kept in, `null` for the file as it is. */
export const representationOf = (file: StaticFile, coding: Coding | null): Representation =>
  (coding === null ? undefined : file.variants[coding]) ?? file;

const validatorsOf = (file: StaticFile, coding: Coding | null): Validators => ({
  tag: { weak: false, opaque: representationOf(file, coding).tag },
  modifiedS: file.modifiedS,
});

/** What guides a cache, RFC 9110 15.4.5: a 304 has these and no other. `Last-Modified` is not needed beside a tag. */
function cacheFields(file: StaticFile, coding: Coding | null): Fields {
  return {
    ETag: `"${representationOf(file, coding).tag}"`,
    ...(Object.keys(file.variants).length > 0 && { Vary: "Accept-Encoding" }),
  };
}

function contentFields(file: StaticFile, coding: Coding | null, range: Selection, mayBeCompressed: boolean): Fields {
  const { sizeBytes } = representationOf(file, coding);
  const part = range.kind === "part" ? range : null;
  return {
    ...cacheFields(file, coding),
    "Content-Type": file.type,
    "Content-Length": `${part === null ? sizeBytes : part.last - part.first + 1}`,
    "Last-Modified": formatHttpDate(file.modifiedS),
    "Accept-Ranges": "bytes",
    ...(coding !== null && { "Content-Encoding": coding }),
    // Compressed on the way, these bytes would bear the tag of others, and a part the positions of others. Saying that
    // they are not compressed keeps everybody from it, so it is said against the SHOULD NOT of RFC 9110 8.4.
    ...(coding === null && file.compressible && mayBeCompressed && { "Content-Encoding": "identity" }),
    ...(part !== null && { "Content-Range": contentRange(part, file.sizeBytes) }),
  };
}

const revalidated = "public, max-age=0, must-revalidate";

/**
 * `Cache-Control` of an answer that stands for a file, RFC 9111 5.2.2.
 *
 * @param given what the folder's `_headers` says, `null` for nothing.
 * @param prefixes beginnings of the paths of files that never change, from the site configuration.
 * @param status that of the answer: a part must reach the client as it is.
 */
export function cacheControl(path: string, given: string | null, prefixes: readonly string[], status: number): string {
  const value = isImmutable(path, prefixes) ? immutable : (given ?? revalidated);
  return status === 206 ? `${value}, no-transform` : value;
}

/**
 * Adds the fields of an answer to those that the folder's `_headers` gives. Of both together there is `Vary`; a
 * `Content-Type` that was given stays, but not on a 304, which has none.
 */
export function addFields(given: HeaderFields, fields: Fields): void {
  const type = given.get("Content-Type") ?? fields["Content-Type"];
  for (const [name, value] of Object.entries(fields)) {
    if (name === "Vary") given.append(name, value);
    else given.set(name, value);
  }
  if (type === undefined || fields["Content-Type"] === undefined) given.delete("Content-Type");
  else given.set("Content-Type", type);
}
