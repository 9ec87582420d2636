import fc from "fast-check";

import { checksumOf } from "../../shared/binlog/checksum.ts";

/** `body` with its right checksum behind it: a record, whatever is in it. */
export function withChecksum(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 8);
  bytes.set(body);
  new DataView(bytes.buffer).setBigUint64(body.length, BigInt(`0x${checksumOf(body)}`));
  return bytes;
}

/** Makes damaged bytes of good ones. */
type Damage = (bytes: Uint8Array) => Uint8Array;

/** What an absurd count looks like, and what is at the edge of one. */
const counts = fc.constantFrom(
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
  [0x80, 0x00],
  [0x7f],
  [0x00],
);
/** A place, as a share of the length. */
const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const within = (bytes: Uint8Array, share: number): number => Math.floor(bytes.length * share);

const spliced = (bytes: Uint8Array, at: number, remove: number, insert: Iterable<number>): Uint8Array =>
  new Uint8Array([...bytes.subarray(0, at), ...insert, ...bytes.subarray(at + remove)]);

/** A flipped bit, a byte set, a part cut out, doubled or put in, an end cut off, a count made absurd. */
export const anyDamage: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(place, fc.nat(7)).map(([share, bit]): Damage => (bytes) => {
    const at = within(bytes, share);
    return spliced(bytes, at, 1, bytes.length > 0 ? [(bytes[at] ?? 0) ^ (1 << bit)] : []);
  }),
  fc.tuple(place, fc.nat(255)).map(
    ([share, byte]): Damage =>
      (bytes) =>
        spliced(bytes, within(bytes, share), 1, [byte]),
  ),
  fc.tuple(place, fc.nat(20)).map(
    ([share, length]): Damage =>
      (bytes) =>
        spliced(bytes, within(bytes, share), length, []),
  ),
  fc.tuple(place, fc.nat(20)).map(([share, length]): Damage => (bytes) => {
    const at = within(bytes, share);
    return spliced(bytes, at, 0, bytes.slice(at, at + length));
  }),
  fc.tuple(place, fc.uint8Array({ maxLength: 8 })).map(
    ([share, insert]): Damage =>
      (bytes) =>
        spliced(bytes, within(bytes, share), 0, insert),
  ),
  place.map(
    (share): Damage =>
      (bytes) =>
        bytes.slice(0, within(bytes, share)),
  ),
  fc.tuple(place, counts).map(
    ([share, count]): Damage =>
      (bytes) =>
        spliced(bytes, within(bytes, share), 1, count),
  ),
);
