import { xxHash32 } from "js-xxhash";

/** The checksum of a record and so, by the chain, of all records before it: 16 lower-case hex digits. */
export type Checksum = string;

/** What the first record names as the checksum before it. */
export const emptyLogChecksum: Checksum = "0".repeat(16);

const seeds = [0, 0x9e3779b9] as const;

/**
 * 64 bits against damage and mix-ups, not against an attacker: XXH32 under two seeds.
 * Source: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */
export const checksumOf = (bytes: Uint8Array): Checksum =>
  seeds.map((seed) => (xxHash32(bytes, seed) >>> 0).toString(16).padStart(8, "0")).join("");
