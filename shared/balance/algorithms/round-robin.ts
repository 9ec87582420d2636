import { assert } from "../../kernel/assert.ts";
import { type Algorithm, type Backend, type Draw, weightScale } from "../algorithm.ts";
import { Heap, type Place, placeOf } from "./heap.ts";

/** A server in the order. Positions count choices. */
interface Entry extends Place {
  weight: number;
  /** When it was due last, and when it is due next; in `served`, less the window. */
  last: number;
  next: number;
  /** What `next` lacks of the exact position, in parts of `weight`. */
  rest: number;
}

/** HAProxy, `SRV_UWGHT_RANGE` and `SRV_EWGHT_MAX`. */
const weights = 256;
const mostWeight = weights * weightScale;

/**
 * Each server in turn, as often as its weight says and as evenly as that can be: 5/1/1 gives AAABAAC, 3/2/1 gives ABACAB.
 *
 * This is the order of HAProxy's `roundrobin` (`lb_fwrr.c`), choice by choice. A server of weight w is due again total/w
 * choices after its last turn. A window is as many choices as the total of the weights, in which all get their share. It
 * begins with all servers in `unplaced`, the heaviest first, from where they fill the gaps in which nobody is due; who
 * has had its share waits in `served` for the next window. Who is out when it is due loses that turn, and has the next
 * ones as if it had not. When all are out nobody loses anything, where HAProxy begins a new window.
 */
export class RoundRobin implements Algorithm {
  #servers: readonly Backend[] = [];
  #entries: ReadonlySet<Entry> = new Set();
  /** Those that were here before, too: who comes back finds its place as it was. */
  readonly #known = new WeakMap<Backend, Entry>();
  #unplaced = new Heap<Entry>();
  #placed = new Heap<Entry>();
  #served = new Heap<Entry>();
  /** Sum of the weights now, and when the window began. */
  #total = 0;
  #window = 0;
  /** Of the next choice. The first one of a window has the position `#window`. */
  #position = 0;
  /** Those that were out in the choice under way. Empty between two choices; a new one for each would cost memory. */
  readonly #out: Entry[] = [];

  update(servers: readonly Backend[]): void {
    const before = this.#entries;
    this.#servers = servers;
    this.#entries = new Set(servers.map((server) => this.#entryOf(server)));
    for (const entry of before) if (!this.#entries.has(entry)) this.#leave(entry);
    if (before.size === 0) return this.#begin();
    for (const entry of this.#entries) {
      if (!before.has(entry)) this.#enter(entry);
      else if (entry.weight !== entry.server.effectiveWeight) this.#reweigh(entry);
    }
  }

  pick(_: Draw, isOut: (server: Backend) => boolean): Backend | null {
    if (this.#servers.every(isOut)) return null;
    let isNewWindow = false;
    let entry = this.#takeNext();
    while (entry === undefined || isOut(entry.server)) {
      if (entry !== undefined) this.#out.push(entry);
      else {
        assert(!isNewWindow, "A server that is not out must be in the order.");
        isNewWindow = true;
        this.#switch();
      }
      entry = this.#takeNext();
    }
    this.#queue(entry);
    this.#putBack(isNewWindow);
    return entry.server;
  }

  peek(draw: Draw, isOut: (server: Backend) => boolean): Backend | null {
    const copy = new RoundRobin();
    copy.#servers = this.#servers;
    copy.#unplaced = this.#unplaced.copy();
    copy.#placed = this.#placed.copy();
    copy.#served = this.#served.copy();
    copy.#total = this.#total;
    copy.#window = this.#window;
    copy.#position = this.#position;
    return copy.pick(draw, isOut);
  }

  loadChanged(): void {}

  #entryOf(server: Backend): Entry {
    const known = this.#known.get(server);
    if (known !== undefined) return known;
    const entry = { ...placeOf(server), weight: server.effectiveWeight, last: 0, next: 0, rest: 0 };
    this.#known.set(server, entry);
    return entry;
  }

  /** The first servers, or the first after there was none. */
  #begin(): void {
    for (const entry of this.#entries) {
      entry.weight = entry.server.effectiveWeight;
      this.#total += entry.weight;
      this.#unplaced.add(entry, -entry.weight);
    }
    this.#window = this.#position = this.#total;
  }

  /** A new window, for which only the weights matter. */
  #switch(): void {
    [this.#unplaced, this.#served] = [this.#served, this.#unplaced];
    this.#window = this.#position = this.#total;
  }

  /** Takes out the server whose turn it is, and reckons its next one. `undefined` at the end of the window. */
  #takeNext(): Entry | undefined {
    const placed = this.#placed.first;
    const isDue = placed !== undefined && placed.next <= this.#position;
    const entry = isDue ? placed : (this.#unplaced.first ?? placed);
    if (entry === undefined) return undefined;
    if (entry === placed) this.#placed.remove(entry);
    else {
      this.#unplaced.remove(entry);
      entry.next = this.#position;
      entry.rest = 0;
    }
    this.#advance(entry);
    return entry;
  }

  #advance(entry: Entry): void {
    const { weight } = entry;
    this.#position++;
    entry.last = entry.next;
    entry.next += Math.floor(this.#total / weight);
    entry.rest += this.#total % weight;
    if (entry.rest < weight) return;
    entry.rest -= weight;
    entry.next++;
  }

  #queue(entry: Entry): void {
    const { next, rest, weight } = entry;
    if (next < this.#window + Math.min(this.#window, this.#total)) {
      this.#placed.add(entry, weights * next + Math.floor((mostWeight + rest - weight) / weightScale));
      return;
    }
    entry.next -= this.#window;
    this.#served.add(entry, -weight);
  }

  #putBack(isNewWindow: boolean): void {
    for (let entry = this.#out.pop(); entry !== undefined; entry = this.#out.pop()) {
      if (isNewWindow) this.#unplaced.add(entry, -entry.weight);
      else this.#queue(entry);
    }
  }

  #dequeue(entry: Entry): void {
    if (this.#unplaced.has(entry)) this.#unplaced.remove(entry);
    else if (this.#placed.has(entry)) this.#placed.remove(entry);
    else this.#served.remove(entry);
  }

  #leave(entry: Entry): void {
    this.#dequeue(entry);
    this.#total -= entry.weight;
  }

  /** Its first turn comes after as many choices as lie between two of its turns, by what is left of the window. */
  #enter(entry: Entry): void {
    entry.weight = entry.server.effectiveWeight;
    this.#total += entry.weight;
    const left = Math.max(0, this.#total + this.#window - this.#position);
    entry.next = this.#position + Math.floor(left / entry.weight);
    this.#queue(entry);
  }

  /** Its next turn comes by its new weight after the last one, but no later than it was to come. */
  #reweigh(entry: Entry): void {
    const isUnplaced = this.#unplaced.has(entry);
    if (this.#served.has(entry)) entry.next += this.#window;
    this.#dequeue(entry);
    this.#total += entry.server.effectiveWeight - entry.weight;
    entry.weight = entry.server.effectiveWeight;
    if (isUnplaced) {
      this.#unplaced.add(entry, -entry.weight);
      return;
    }
    const step = Math.floor(this.#total / entry.weight);
    entry.next = Math.min(entry.next, entry.last + step);
    entry.rest = 0;
    if (entry.next < this.#position + 2) entry.next = this.#position + step;
    this.#queue(entry);
  }
}
