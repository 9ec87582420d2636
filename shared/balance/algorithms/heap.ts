import type { Backend } from "../algorithm.ts";

/** A server's place in a heap. It is in one heap at a time. */
export interface Place {
  readonly server: Backend;
  /** The smaller, the sooner. The heap sets it. */
  key: number;
  /** Of two with the same key, the one that was added first comes first. */
  turn: number;
  /** Index in the heap. */
  at: number;
}

/** The place of a server that is in no heap yet. */
export const placeOf = (server: Backend): Place => ({ server, key: 0, turn: 0, at: -1 });

/**
 * Items in the order of their keys, equal ones in the order of their coming. The first one is at hand at once; adding and
 * removing take O(log n), and no memory.
 */
export class Heap<Item extends Place> {
  readonly #items: Item[];
  #turns: number;

  constructor(items: Item[] = [], turns = 0) {
    this.#items = items;
    this.#turns = turns;
  }

  /** `undefined` when there is none. */
  get first(): Item | undefined {
    return this.#items[0];
  }

  has(item: Item): boolean {
    return this.#items[item.at] === item;
  }

  /** @param item one that is in no heap. */
  add(item: Item, key: number): void {
    item.key = key;
    item.turn = this.#turns++;
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  /** @param item one that is in this heap. */
  remove(item: Item): void {
    const { at } = item;
    const last = this.#items.pop();
    item.at = -1;
    if (last === undefined || last === item) return;
    this.#rise(last, this.#sink(last, at));
  }

  /** Gives an item that is in this heap another key, as if it were removed and added. */
  move(item: Item, key: number): void {
    item.key = key;
    item.turn = this.#turns++;
    this.#rise(item, this.#sink(item, item.at));
  }

  /** The server of the first one whose server is not out. Looks at two more for each one that is. */
  firstFit(isOut: (server: Backend) => boolean): Backend | null {
    return this.#search(0, null, isOut)?.server ?? null;
  }

  /** The same with copies of the items. */
  copy(): Heap<Item> {
    return new Heap(
      this.#items.map((item) => ({ ...item })),
      this.#turns,
    );
  }

  /** What is below an item comes after it, so one that is fit, or comes after what was found, ends the way down. */
  #search(at: number, found: Item | null, isOut: (server: Backend) => boolean): Item | null {
    const item = this.#items[at];
    if (item === undefined || (found !== null && isBefore(found, item))) return found;
    if (!isOut(item.server)) return item;
    return this.#search(2 * at + 2, this.#search(2 * at + 1, found, isOut), isOut);
  }

  #rise(item: Item, from: number): void {
    let at = from;
    while (at > 0) {
      const parent = this.#items[(at - 1) >> 1] as Item;
      if (isBefore(parent, item)) break;
      this.#put(parent, at);
      at = (at - 1) >> 1;
    }
    this.#put(item, at);
  }

  /** @returns where it came to rest. */
  #sink(item: Item, from: number): number {
    let at = from;
    for (
      let child = this.#lesserChild(at);
      child !== undefined && isBefore(child, item);
      child = this.#lesserChild(at)
    ) {
      const next = child.at;
      this.#put(child, at);
      at = next;
    }
    this.#put(item, at);
    return at;
  }

  #lesserChild(at: number): Item | undefined {
    const left = this.#items[2 * at + 1];
    const right = this.#items[2 * at + 2];
    return left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
  }

  #put(item: Item, at: number): void {
    this.#items[at] = item;
    item.at = at;
  }
}

const isBefore = (one: Place, other: Place): boolean =>
  one.key < other.key || (one.key === other.key && one.turn < other.turn);
