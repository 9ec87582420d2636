import type { Bindable } from "./engine.ts";

/** Text that is not valid UTF-8, kept as its bytes: SQLite stores it, JavaScript strings cannot. */
export interface RawText {
  readonly rawText: Uint8Array;
}

/** A stored value, exact to the bit: NULL, INTEGER, REAL, TEXT, BLOB, or TEXT that JavaScript cannot hold. */
export type Value = null | bigint | number | string | Uint8Array | RawText;

/** How a value is written into a statement. */
export interface Bound {
  /** The expression that gives the value, with `?n` for what is bound. */
  readonly expression: string;
  readonly bind: Bindable;
}

/**
 * The expression and binding that store exactly `value` where no affinity changes it, and that equal nothing else: numbers
 * bind as REAL, so integers need a cast, whose affinity a unary plus takes away (5 would equal '05' in a column without
 * type); an infinity binds as NULL, so it is written as a literal that overflows.
 *
 * @param index the parameter's number in the statement.
 */
export function boundAs(value: Value, index: number): Bound {
  if (typeof value === "bigint") return { expression: `+CAST(?${index} AS INTEGER)`, bind: value.toString() };
  if (value === Infinity || value === -Infinity)
    return { expression: `coalesce(?${index}, ${value > 0 ? "9e999" : "-9e999"})`, bind: null };
  if (value instanceof Uint8Array) return { expression: `?${index}`, bind: bufferOf(value) };
  if (value !== null && typeof value === "object")
    return { expression: `+CAST(?${index} AS TEXT)`, bind: bufferOf(value.rawText) };
  return { expression: `?${index}`, bind: value };
}

/** The bytes of `view` as a buffer of their own length. */
export const bufferOf = (view: Uint8Array): ArrayBuffer => new Uint8Array(view).buffer;

/** Bytes that `text` takes in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
