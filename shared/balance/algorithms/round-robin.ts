import { assert } from "../../kernel/assert.ts";
import { type Algorithm, type Backend, type Draw, weightScale } from "../algorithm.ts";
import { Heap, type Place, placeOf } from "./heap.ts";

/** A server in the order. Positions count choices. */
interface Entry extends Place {
  weight: number;
  /** When it was due last, exactly. */
  last: number;
  /** When it is due next; in `served`, less the window. */
  next: number;
  /** What `next` lacks of the exact position, in parts of `weight`. */
  rest: number;
}

/** HAProxy, `SRV_UWGHT_RANGE` and `SRV_EWGHT_MAX`. */
const weights = 256;
const mostWeight = weights * weightScale;

/** When it is due next, exactly. */
const dueOf = ({ next, rest, weight }: Entry): number => next + rest / weight;

/** The sooner due, the smaller; of those that are due at the same time, the heavier comes first. */
const placedKey = ({ next, rest, weight }: Entry): number =>
  weights * next + Math.floor((mostWeight + rest - weight) / weightScale);

const sumOf = (servers: readonly Backend[]): number =>
  servers.reduce((sum, { effectiveWeight }) => sum + effectiveWeight, 0);

/**
 * Each server in turn, as often as its weight says and as evenly as that can be: 5/1/1 gives AAABAAC, 3/2/1 gives ABACAB.
 *
 * This is the order of HAProxy's `roundrobin` (`lb_fwrr.c`), choice by choice. A server of weight w is due again total/w
 * choices after its last turn. A window is as many choices as the total of the weights, in which all get their share. It
 * begins with all servers in `unplaced`, the heaviest first, from where they fill the gaps in which nobody is due; who
 * has had its share waits in `served` for the next window. Who is out when it is due loses that turn, and has the next
 * ones as if it had not. When all are out nobody loses anything, where HAProxy begins a new window.
 *
 * When a server comes or a weight rises, a new window begins at once, in which each keeps its place: it has as large a
 * part of a wait before it as it had. In HAProxy the window under way grows, and until it ends only those have turns that
 * have not had their share of the shorter one: by weights 12, 35, 1 a server that comes back can have 48 in a row.
 */
export class RoundRobin implements Algorithm {
  #servers: readonly Backend[] = [];
  #entries: ReadonlySet<Entry> = new Set();
  /** Of those that have left, too: they may come back. */
  readonly #known = new WeakMap<Backend, Entry>();
  #unplaced = new Heap<Entry>();
  #placed = new Heap<Entry>();
  #served = new Heap<Entry>();
  /** Sum of the weights now. */
  #total = 0;
  /** When the window began, and when it ends: who is due no sooner has had its share. */
  #window = 0;
  #end = 0;
  /** Of the next choice. The first one of a window has the position `#window`. */
  #position = 0;
  /** Those that were out in the choice under way. Empty between two choices; a new one for each would cost memory. */
  readonly #out: Entry[] = [];

  update(servers: readonly Backend[]): void {
    const before = this.#entries;
    this.#servers = servers;
    this.#entries = new Set(servers.map((server) => this.#entryOf(server)));
    this.#total = sumOf(this.#servers);
    if (before.size === 0) return this.#begin();
    for (const entry of before) if (!this.#entries.has(entry)) this.#dequeue(entry);
    const grows = (entry: Entry) => !before.has(entry) || entry.server.effectiveWeight > entry.weight;
    if ([...this.#entries].some(grows)) this.#beginAgain(before);
    else this.#endSooner();
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
    copy.#end = this.#end;
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
      this.#unplaced.add(entry, -entry.weight);
    }
    this.#openWindow();
  }

  /** A new window, for which only the weights matter. */
  #switch(): void {
    [this.#unplaced, this.#served] = [this.#served, this.#unplaced];
    this.#openWindow();
  }

  #openWindow(): void {
    this.#window = this.#position = this.#total;
    this.#end = 2 * this.#total;
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
    entry.last = dueOf(entry);
    entry.next += Math.floor(this.#total / weight);
    entry.rest += this.#total % weight;
    if (entry.rest < weight) return;
    entry.rest -= weight;
    entry.next++;
  }

  #queue(entry: Entry): void {
    if (entry.next < this.#end) return this.#placed.add(entry, placedKey(entry));
    entry.next -= this.#window;
    this.#served.add(entry, -entry.weight);
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

  /** Servers have left or weigh less. */
  #endSooner(): void {
    this.#end = Math.min(this.#end, this.#window + this.#total);
    for (const entry of this.#entries) if (entry.weight !== entry.server.effectiveWeight) this.#reweigh(entry);
  }

  /** Servers have come or weigh more: a new window, in which all are placed at once that were placed, or served. */
  #beginAgain(before: ReadonlySet<Entry>): void {
    for (const entry of this.#entries) {
      if (this.#unplaced.has(entry)) this.#weighUnplaced(entry);
      else this.#placeAgain(entry, before.has(entry) ? this.#takeWait(entry) : 1);
    }
    this.#window = this.#position;
    this.#end = this.#position + this.#total;
  }

  #weighUnplaced(entry: Entry): void {
    if (entry.weight === entry.server.effectiveWeight) return;
    entry.weight = entry.server.effectiveWeight;
    this.#unplaced.move(entry, -entry.weight);
  }

  /** Takes out a server. Which part of the wait for its next turn is before it? 1 is the whole; below 0 it is late. */
  #takeWait(entry: Entry): number {
    if (this.#served.has(entry)) entry.next += this.#window;
    this.#dequeue(entry);
    const due = dueOf(entry);
    return Math.min(1, (due - this.#position) / (due - entry.last));
  }

  /** @param wait until its turn, in parts of the time from one of its turns to the next. */
  #placeAgain(entry: Entry, wait: number): void {
    entry.weight = entry.server.effectiveWeight;
    const step = this.#total / entry.weight;
    const due = this.#position + wait * step;
    entry.next = Math.floor(due);
    entry.rest = Math.floor((due - entry.next) * entry.weight);
    entry.last = due - step;
    this.#placed.add(entry, placedKey(entry));
  }

  /** Its next turn comes by its new weight after the last one, but no later than it was to come. */
  #reweigh(entry: Entry): void {
    const isUnplaced = this.#unplaced.has(entry);
    if (this.#served.has(entry)) entry.next += this.#window;
    this.#dequeue(entry);
    entry.weight = entry.server.effectiveWeight;
    if (isUnplaced) {
      this.#unplaced.add(entry, -entry.weight);
      return;
    }
    const step = Math.floor(this.#total / entry.weight);
    entry.next = Math.min(entry.next, Math.floor(entry.last) + step);
    entry.rest = 0;
    if (entry.next < this.#position + 2) entry.next = this.#position + step;
    this.#queue(entry);
  }
}
