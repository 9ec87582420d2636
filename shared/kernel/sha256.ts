/** FIPS 180-4 4.2.2 and 5.3.3: the first 32 bits of the fractions of the roots of the first primes. */
const primes = Array.from({ length: 311 }, (_, index) => index + 1).filter(isPrime);
const fraction = (root: number): number => Math.floor((root % 1) * 2 ** 32) | 0;
const roundConstants = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
const firstHash = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

/**
 * SHA-256 (FIPS 180-4) at once, where `crypto.subtle` would let a request wait. For texts of a header's length.
 *
 * @param text its UTF-16 units are taken as two bytes each, the higher one first.
 * @returns 64 lower-case hex digits.
 */
export function sha256(text: string): string {
  const hash = firstHash.slice();
  const schedule = new Int32Array(64);
  const words = padded(text);
  for (let at = 0; at < words.length; at += 16) {
    schedule.set(words.subarray(at, at + 16));
    expand(schedule);
    compress(hash, schedule);
  }
  return Array.from(hash, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** FIPS 180-4 5.1.1: a one, zeros, and the length in bits, up to a whole number of blocks. */
function padded(text: string): Int32Array {
  const bits = 16 * text.length;
  const words = new Int32Array(16 * Math.ceil((bits + 65) / 512));
  const append = (unit: number, index: number) =>
    (words[index >> 1] = word(words, index >> 1) | (unit << (index & 1 ? 0 : 16)));
  for (let index = 0; index < text.length; index++) append(text.charCodeAt(index), index);
  append(0x8000, text.length);
  words[words.length - 2] = Math.floor(bits / 2 ** 32);
  words[words.length - 1] = bits;
  return words;
}

/** FIPS 180-4 6.2.2, 1. */
function expand(schedule: Int32Array): void {
  for (let at = 16; at < 64; at++) {
    const before = word(schedule, at - 15);
    const last = word(schedule, at - 2);
    const one = turned(before, 7) ^ turned(before, 18) ^ (before >>> 3);
    const other = turned(last, 17) ^ turned(last, 19) ^ (last >>> 10);
    schedule[at] = word(schedule, at - 16) + one + word(schedule, at - 7) + other;
  }
}

/** FIPS 180-4 6.2.2, 2 to 4. */
function compress(hash: Int32Array, schedule: Int32Array): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = hash;
  for (let round = 0; round < 64; round++) {
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const one =
      h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + choice + word(roundConstants, round) + word(schedule, round);
    const other = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + majority;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + other) | 0];
  }
  for (const [index, value] of [a, b, c, d, e, f, g, h].entries()) hash[index] = word(hash, index) + value;
}

const turned = (value: number, bits: number): number => (value >>> bits) | (value << (32 - bits));

const word = (words: Int32Array, at: number): number => words[at] as number;

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return number > 1;
}
