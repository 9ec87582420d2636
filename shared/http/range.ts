/** A run of bytes, both ends included and counted from 0. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** What to send: everything (200), one part (206), or nothing because the part does not exist (416). */
export type Selection =
  | { readonly kind: "whole" }
  | ({ readonly kind: "part" } & ByteRange)
  | { readonly kind: "none" };

const whole: Selection = { kind: "whole" };
const none: Selection = { kind: "none" };
const intRange = /^(\d+)-(\d*)$/;
const suffixRange = /^-(\d+)$/;

/**
 * Chooses the bytes that a `Range` field asks for (RFC 9110 14.1.2, 14.2).
 *
 * Another unit, a malformed field and a request for several parts are served whole, as the RFC allows: a server may
 * ignore `Range`. So is a suffix of an empty file, for which no `Content-Range` can be written.
 *
 * @param field the field as it came, `null` when absent.
 * @param size bytes of the file.
 */
export function selectRange(field: string | null, size: number): Selection {
  const spec = field === null ? null : singleSpec(field);
  if (spec === null) return whole;
  const suffix = suffixRange.exec(spec);
  if (suffix !== null) return selectSuffix(Number(suffix[1]), size);
  const int = intRange.exec(spec);
  if (int === null) return whole;
  const first = Number(int[1]);
  const last = int[2] === "" ? Infinity : Number(int[2]);
  if (last < first) return whole;
  return first < size ? { kind: "part", first, last: Math.min(last, size - 1) } : none;
}

/** The only range-spec of a set of byte ranges; `null` when there are several, or the unit is another. */
function singleSpec(field: string): string | null {
  const equals = field.indexOf("=");
  if (equals < 0 || field.slice(0, equals).trim().toLowerCase() !== "bytes") return null;
  const specs = field.slice(equals + 1).split(",");
  const filled = specs.map((spec) => spec.trim()).filter((spec) => spec !== "");
  return filled.length === 1 ? (filled[0] ?? null) : null;
}

function selectSuffix(length: number, size: number): Selection {
  if (length === 0) return none;
  return size === 0 ? whole : { kind: "part", first: Math.max(0, size - length), last: size - 1 };
}

/** The `Content-Range` of a 206, RFC 9110 14.4. */
export const contentRange = ({ first, last }: ByteRange, size: number): string => `bytes ${first}-${last}/${size}`;

/** The `Content-Range` of a 416: the size alone, RFC 9110 14.4. */
export const unsatisfiedRange = (size: number): string => `bytes */${size}`;
