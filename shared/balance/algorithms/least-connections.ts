import { type Algorithm, type Backend, type Draw, weightScale } from "../algorithm.ts";
import { Heap, type Place, placeOf } from "./heap.ts";

interface Entry extends Place {
  weight: number;
}

/** HAProxy, `SRV_EWGHT_MAX`. */
const mostWeight = 256 * weightScale;

/**
 * The server with the fewest requests for its weight: HAProxy's `leastconn` (`lb_fwlc.c`). All that are idle stand
 * equal, whatever their weights, so with little to do each has its turn; of equal ones the first is the one whose load
 * has not changed for the longest time.
 */
export class LeastConnections implements Algorithm {
  #entries: ReadonlyMap<Backend, Entry> = new Map();
  readonly #heap = new Heap<Entry>();

  update(servers: readonly Backend[]): void {
    const before = this.#entries;
    this.#entries = new Map(servers.map((server) => [server, before.get(server) ?? { ...placeOf(server), weight: 0 }]));
    for (const [server, entry] of before) if (!this.#entries.has(server)) this.#heap.remove(entry);
    for (const [server, entry] of this.#entries) {
      if (entry.weight === server.effectiveWeight) continue;
      entry.weight = server.effectiveWeight;
      if (this.#heap.has(entry)) this.#heap.move(entry, keyOf(entry));
      else this.#heap.add(entry, keyOf(entry));
    }
  }

  pick(_: Draw, isOut: (server: Backend) => boolean): Backend | null {
    return this.#heap.firstFit(isOut);
  }

  peek(draw: Draw, isOut: (server: Backend) => boolean): Backend | null {
    return this.pick(draw, isOut);
  }

  loadChanged(server: Backend): void {
    const entry = this.#entries.get(server);
    if (entry !== undefined) this.#heap.move(entry, keyOf(entry));
  }
}

/** What counts is how a server would stand with one request more than it has, unless it has none. */
const keyOf = ({ server: { load }, weight }: Entry): number =>
  load === 0 ? 0 : Math.floor(((load + 1) * mostWeight) / weight);
