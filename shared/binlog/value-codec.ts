import { assert } from "../kernel/assert.ts";
import type { Value } from "../sql/value.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";

/** One tag for each of SQLite's storage classes, and one for text that JavaScript cannot hold. */
const tag = { null: 0, integer: 1, real: 2, text: 3, blob: 4, rawText: 5 } as const;

/** Writes `value` exactly: integers over 64 bits, doubles to the last bit. */
export function writeValue(out: ByteWriter, value: Value): void {
  if (value === null) return out.u8(tag.null);
  switch (typeof value) {
    case "bigint":
      out.u8(tag.integer);
      return out.i64(value);
    case "number":
      out.u8(tag.real);
      return out.f64(value);
    case "string":
      out.u8(tag.text);
      return out.text(value);
    default:
      out.u8(value instanceof Uint8Array ? tag.blob : tag.rawText);
      return out.blob(value instanceof Uint8Array ? value : value.rawText);
  }
}

/** Reads what `writeValue` wrote. */
export function readValue(reader: ByteReader): Value {
  const found = reader.u8();
  switch (found) {
    case tag.null:
      return null;
    case tag.integer:
      return reader.i64();
    case tag.real:
      return readReal(reader);
    case tag.text:
      return reader.text();
    case tag.blob:
      return reader.blob();
    default:
      assert(found === tag.rawText, `the record holds a value of an unknown class: ${found}`);
      return { rawText: reader.blob() };
  }
}

/** SQLite stores NULL in place of a NaN (https://sqlite.org/floatingpoint.html), so none can come from a row. */
function readReal(reader: ByteReader): number {
  const value = reader.f64();
  assert(!Number.isNaN(value), "the record holds a NaN");
  return value;
}
