import { assert } from "../kernel/assert.ts";
import { decodeUtf8, encodeUtf8 } from "../kernel/utf8.ts";

/** Collects bytes: big-endian numbers, LEB128 lengths, length-prefixed text and blobs. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
  }

  u32(value: number): void {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value);
  }

  i64(value: bigint): void {
    const at = this.#reserve(8);
    this.#view.setBigInt64(at, value);
  }

  f64(value: number): void {
    const at = this.#reserve(8);
    this.#view.setFloat64(at, value);
  }

  /** An unsigned integer up to 2^53 in as few bytes as it needs (LEB128). */
  count(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.u8((rest % 0x80) | 0x80);
    this.u8(rest);
  }

  blob(value: Uint8Array): void {
    this.count(value.length);
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
  }

  text(value: string): void {
    this.blob(encodeUtf8(value));
  }

  /** What was written so far: a view that the next write may make stale. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room, which may replace the buffer and its view: name them only afterwards. */
  #reserve(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) this.#grow();
    return at;
  }

  #grow(): void {
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Reads what a `ByteWriter` wrote. Reading past the end is an assertion error, never garbage. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8));
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** An unsigned integer in the one form that `ByteWriter` gives it. */
  count(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      assert(scale <= 2 ** 49, "a count in the record has too many bytes");
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte >= 0x80) continue;
      assert(Number.isSafeInteger(value), "a count in the record is larger than 2^53");
      assert(byte > 0 || scale === 1, "a count in the record has more bytes than it needs");
      return value;
    }
  }

  /** How many things follow of which each takes `leastBytes` at least: more than there is room for is no number to make room for. */
  countOf(leastBytes: number): number {
    const value = this.count();
    assert(value * leastBytes <= this.left, "the record counts more than it holds");
    return value;
  }

  blob(): Uint8Array {
    const length = this.count();
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  text(): string {
    const text = decodeUtf8(this.blob());
    assert(text !== undefined, "a text in the record is not valid UTF-8");
    return text;
  }

  #take(size: number): number {
    assert(size <= this.left, "the record ends too early");
    const at = this.#at;
    this.#at += size;
    return at;
  }
}
