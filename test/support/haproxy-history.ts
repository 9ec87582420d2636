import { type Algorithm, weightScale } from "../../shared/balance/algorithm.ts";
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

/** What may happen to the servers. */
export interface Changes {
  /** Whether weights may rise, and servers come back that have left. */
  readonly gains: boolean;
  readonly mostWeight: number;
}

/** What happens to both of them, at random: requests come and go, weights change, servers leave and come back. */
export class HaproxyHistory {
  /** For each request who got it here and there; before it, what was done to the servers. */
  readonly ours: string[] = [];
  readonly theirs: string[] = [];
  readonly #pair: Pair;
  readonly #changes: Changes;
  readonly #dice: Dice;
  readonly #model: ModelPool;
  readonly #held: { readonly server: ModelServer; readonly theirs: Held }[] = [];
  readonly #away: ModelServer[] = [];

  constructor(pair: Pair, changes: Changes, dice: Dice) {
    this.#pair = pair;
    this.#changes = changes;
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
      [this.#changes.gains ? 6 : 0, () => this.#ready()],
    ]);
  }

  /** All requests are answered, and all servers come back if they may. */
  async end(): Promise<void> {
    while (this.#held.length > 0) await this.#release();
    while (this.#changes.gains && this.#away.length > 0) await this.#ready();
  }

  /** Serves some more requests. @returns the weights of those who got them, here and there. */
  async serve(requests: number): Promise<{ readonly ours: readonly number[]; readonly theirs: readonly number[] }> {
    const before = this.ours.length;
    for (let request = 0; request < requests; request++) await this.#serve();
    return { ours: this.#weightsOf(this.ours.slice(before)), theirs: this.#weightsOf(this.theirs.slice(before)) };
  }

  /** Sum of the weights now. */
  get total(): number {
    return this.#model.there.reduce((sum, { effectiveWeight }) => sum + effectiveWeight, 0) / weightScale;
  }

  #weightsOf(names: readonly string[]): number[] {
    const weights = new Map(this.#model.servers.map(({ name, effectiveWeight }) => [name, effectiveWeight]));
    return names.map((name) => present(weights.get(name), name) / weightScale);
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
    const { gains, mostWeight } = this.#changes;
    const weight = this.#dice.between(1, gains ? mostWeight : server.effectiveWeight / weightScale);
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
