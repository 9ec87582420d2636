import type { Algorithm, Backend, Draw } from "../algorithm.ts";
import { RoundRobin } from "./round-robin.ts";

/**
 * The same server for the same key, as long as it is there: HAProxy's `balance source`, `uri` and `hdr`, with
 * `hash-type consistent`. Without a key, each in turn (HAProxy, `balance hdr`).
 *
 * Weighted rendezvous hashing (Schindelhauer and Schomaker, "Weighted Distributed Hash Tables", 2005): server and key
 * together give a number u from 0 to 1, and the server with the highest w / -ln u gets the key. So a change of one
 * server moves no keys but those that it loses or wins, and it has as many as its weight says. No state is shared: all
 * isolates send a key to the same server.
 */
export class Hash implements Algorithm {
  readonly #keyless = new RoundRobin();
  #servers: readonly Backend[] = [];
  #weights = new Float64Array(0);
  /** 64 bits for each server, of its name: two with the same ones would have the same keys. */
  #seeds = new Int32Array(0);

  update(servers: readonly Backend[]): void {
    this.#servers = servers;
    this.#weights = Float64Array.from(servers, ({ effectiveWeight }) => effectiveWeight);
    this.#seeds = Int32Array.from(servers.flatMap(({ name }) => [textHash(name, 1), textHash(name, 2)]));
    this.#keyless.update(servers);
  }

  pick(draw: Draw, isOut: (server: Backend) => boolean): Backend | null {
    return draw.key === "" ? this.#keyless.pick(draw, isOut) : this.#highest(textHash(draw.key, 0), isOut);
  }

  peek(draw: Draw, isOut: (server: Backend) => boolean): Backend | null {
    return draw.key === "" ? this.#keyless.peek(draw, isOut) : this.pick(draw, isOut);
  }

  loadChanged(): void {}

  /** -ln u is at least 1 - u, and hardly more near 1, so almost all are ruled out without a logarithm. */
  #highest(key: number, isOut: (server: Backend) => boolean): Backend | null {
    const [servers, weights, seeds] = [this.#servers, this.#weights, this.#seeds];
    let best: Backend | null = null;
    let highest = 0;
    for (let index = 0; index < weights.length; index++) {
      const weight = weights[index] ?? 0;
      const share = unit(key, seeds[2 * index] ?? 0, seeds[2 * index + 1] ?? 0);
      if (weight <= highest * (1 - share)) continue;
      const score = weight / -Math.log(share);
      const server = servers[index];
      if (score <= highest || server === undefined || isOut(server)) continue;
      highest = score;
      best = server;
    }
    return best;
  }
}

/** FNV-1a over UTF-16 units; the seed takes the place of the offset. */
function textHash(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mix(hash);
}

/** Every bit of what comes out depends on all bits: `fmix32` of MurmurHash3 (Austin Appleby, public domain). */
function mix(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** A number above 0 and below 1 that stands for a key and a server together: the same mixing, over all three of them. */
function unit(key: number, high: number, low: number): number {
  let mixed = Math.imul(key ^ high, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ low, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0x27d4eb2f);
  return (((mixed ^ (mixed >>> 16)) >>> 0) + 0.5) * 2 ** -32;
}
