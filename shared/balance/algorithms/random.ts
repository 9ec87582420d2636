import { present } from "../../kernel/assert.ts";
import type { Algorithm, Backend, Draw } from "../algorithm.ts";

/**
 * A few servers drawn by their weights, of which the one with the fewest requests for its weight gets it: HAProxy's
 * `random(<draws>)`, the power of two choices. Isolates that know nothing of each other do not all run to the same server,
 * as they may with `leastconn`.
 *
 * A draw takes the same time from 3 or 1,000 servers: Walker's alias method (ACM TOMS 3(3), 1977), with Vose's tables.
 */
export class RandomDraws implements Algorithm {
  readonly #draws: number;
  #servers: readonly Backend[] = [];
  #total = 0;
  /** Column i is that of server i up to this height, and from there that of server `#alias[i]`. All are `#total` high. */
  #heights = new Float64Array(0);
  #alias = new Uint32Array(0);

  /** @param draws at least 1. */
  constructor(draws: number) {
    this.#draws = draws;
  }

  update(servers: readonly Backend[]): void {
    this.#servers = servers;
    this.#total = servers.reduce((sum, { effectiveWeight }) => sum + effectiveWeight, 0);
    this.#heights = Float64Array.from(servers, ({ effectiveWeight }) => effectiveWeight * servers.length);
    this.#alias = Uint32Array.from(servers, (_, index) => index);
    this.#level();
  }

  pick(draw: Draw, isOut: (server: Backend) => boolean): Backend | null {
    let best = this.#drawFit(draw, isOut);
    for (let draws = 1; draws < this.#draws && best !== null; draws++) {
      const other = present(this.#drawFit(draw, isOut), "a server that was there before");
      if (other.load * best.effectiveWeight <= best.load * other.effectiveWeight) best = other;
    }
    return best;
  }

  peek(draw: Draw, isOut: (server: Backend) => boolean): Backend | null {
    return this.pick(draw, isOut);
  }

  loadChanged(): void {}

  /** Gives of the columns that are too high to those that are too low, one whole gap at a time. */
  #level(): void {
    const heights = this.#heights;
    const isLow = (index: number) => present(heights[index], "a column") < this.#total;
    const low = [...heights.keys()].filter(isLow);
    const high = [...heights.keys()].filter((index) => !isLow(index));
    for (let to = low.pop(); to !== undefined; to = low.pop()) {
      const from = present(high.at(-1), "a column that is too high");
      this.#alias[to] = from;
      heights[from] = present(heights[from], "its height") - (this.#total - present(heights[to], "the other's"));
      if (isLow(from)) low.push(present(high.pop(), "the column that gave"));
    }
  }

  /** One server by the weights of those that are not out: one that is out is drawn again from the others. */
  #drawFit(draw: Draw, isOut: (server: Backend) => boolean): Backend | null {
    const place = draw.random() * this.#servers.length;
    const column = Math.floor(place);
    const isOwn = (place - column) * this.#total < (this.#heights[column] ?? 0);
    const server = this.#servers[isOwn ? column : (this.#alias[column] ?? 0)];
    return server === undefined || isOut(server) ? this.#drawAmongFit(draw, isOut) : server;
  }

  #drawAmongFit(draw: Draw, isOut: (server: Backend) => boolean): Backend | null {
    let total = 0;
    for (const server of this.#servers) if (!isOut(server)) total += server.effectiveWeight;
    let left = draw.random() * total;
    for (const server of this.#servers) if (!isOut(server) && (left -= server.effectiveWeight) < 0) return server;
    return null;
  }
}
