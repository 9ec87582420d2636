import { epoch, lsn, type Bookmark, type Epoch, type Lsn } from "../kernel/brand.ts";

/** A point in the history of the database: `lsn` records, the last of them written in `epoch`. */
export interface Position {
  readonly epoch: Epoch;
  readonly lsn: Lsn;
}

const pattern = /^[0-9a-f]{8}-[0-9a-f]{16}$/;

/**
 * A position as text of fixed width, `eeeeeeee-llllllllllllllll` in lower-case hex: texts compare as positions do, also
 * under `localeCompare`, which D1's own binding uses. The epoch stands first, so a newer primary's history wins.
 */
export const formatBookmark = ({ epoch: term, lsn: at }: Position): Bookmark =>
  `${term.toString(16).padStart(8, "0")}-${at.toString(16).padStart(16, "0")}` as Bookmark;

/** The position that `text` names, or `undefined` where it is no bookmark of ours. */
export function parseBookmark(text: string): Position | undefined {
  if (!pattern.test(text)) return undefined;
  const at = Number.parseInt(text.slice(9), 16);
  return Number.isSafeInteger(at) ? { epoch: epoch(Number.parseInt(text.slice(0, 8), 16)), lsn: lsn(at) } : undefined;
}

/** The later of two bookmarks; `null` is before all. */
export const laterBookmark = (one: Bookmark | null, other: Bookmark | null): Bookmark | null =>
  one !== null && (other === null || one >= other) ? one : other;
