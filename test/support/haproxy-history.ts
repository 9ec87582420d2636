import type { Algorithm } from "../../shared/balance/algorithm.ts";
import { present } from "../../shared/kernel/assert.ts";
import type { Dice } from "../fuzz/dice.ts";
import type { Held, RunningHaproxy } from "./haproxy.ts";
import { ModelPool, type ModelServer } from "./model-pool.ts";

/** A pool of a running HAProxy, and ours that is to do the same. */
export interface Pair {
  readonly haproxy: RunningHaproxy;
  readonly pool: string;
  readonly algorithm: Algorithm;
  readonly weights: readonly number[];
  /** Of each server. */
  readonly maxconn: number;
}

/** What happens to both of them, at random: requests come and go, weights change, servers leave and come back. */
export class HaproxyHistory {
  /** For each request who got it here and there; before it, what was done to the servers. */
  readonly ours: string[] = [];
  readonly theirs: string[] = [];
  readonly #pair: Pair;
  readonly #dice: Dice;
  readonly #model: ModelPool;
  readonly #held: { readonly server: ModelServer; readonly theirs: Held }[] = [];
  readonly #away: ModelServer[] = [];

  constructor(pair: Pair, dice: Dice) {
    this.#pair = pair;
    this.#dice = dice;
    this.#model = new ModelPool(pair.algorithm, pair.weights, pair.maxconn);
  }

  async step(): Promise<void> {
    await this.#dice.weighed<Promise<void>>([
      [60, () => this.#serve()],
      [20, () => this.#hold()],
      [20, () => this.#release()],
      [12, () => this.#weigh()],
      [4, () => this.#drain()],
      [6, () => this.#ready()],
    ]);
  }

  /** Requests that were not answered yet are. */
  async end(): Promise<void> {
    for (const { theirs } of this.#held) await theirs.release();
  }

  async #serve(): Promise<void> {
    if (!this.#model.isFull) this.#note(this.#model.serve(), await this.#pair.haproxy.ask(this.#pair.pool));
  }

  async #hold(): Promise<void> {
    if (this.#model.isFull) return;
    const server = present(this.#model.take(), "a server that is not full");
    const theirs = await this.#pair.haproxy.hold(this.#pair.pool);
    this.#held.push({ server, theirs });
    this.#note(server.name, theirs.server);
  }

  async #release(): Promise<void> {
    const [one] = this.#held.splice(this.#dice.below(this.#held.length + 1), 1);
    if (one === undefined) return;
    this.#model.release(one.server);
    await one.theirs.release();
  }

  async #weigh(): Promise<void> {
    const server = this.#dice.pick(this.#model.servers);
    const weight = this.#dice.between(1, 20);
    this.#model.weigh(server, weight);
    await this.#command(server, `weight ${weight}`);
  }

  async #drain(): Promise<void> {
    if (this.#model.there.length === 1) return;
    const server = this.#dice.pick(this.#model.there);
    this.#away.push(server);
    this.#model.leave(server);
    await this.#command(server, "state drain");
  }

  async #ready(): Promise<void> {
    const server = this.#away.shift();
    if (server === undefined) return;
    this.#model.comeBack(server);
    await this.#command(server, "state ready");
  }

  async #command({ name }: ModelServer, words: string): Promise<void> {
    this.#note(`(${name} ${words})`, `(${name} ${words})`);
    await this.#pair.haproxy.command(`set server ${this.#pair.pool}/${name} ${words}`);
  }

  #note(ours: string, theirs: string): void {
    this.ours.push(ours);
    this.theirs.push(theirs);
  }
}
