/** Random choices that a seed repeats: mulberry32 (Tommy Ettinger, public domain). */
export class Dice {
  #state: number;

  /** @param seed any 32-bit integer. */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A number from 0 up to, but not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to `end` - 1. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** True with the probability `share`. */
  chance(share: number): boolean {
    return this.next() < share;
  }

  /** One of `items`, which must not be empty. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("There is nothing to pick from.");
    return item;
  }

  /** One to `most` different ones of `items`, in random order. */
  some<Item>(items: readonly Item[], most: number): Item[] {
    const rest = [...items];
    const count = this.between(1, Math.min(most, rest.length));
    return Array.from({ length: count }, () => rest.splice(this.below(rest.length), 1)).flat();
  }

  /** What one of the choices makes; each is as likely as its weight says. */
  weighed<Result>(choices: readonly (readonly [weight: number, make: () => Result])[]): Result {
    let left = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, make] of choices) if ((left -= weight) < 0) return make();
    throw new RangeError("There is no choice.");
  }
}
