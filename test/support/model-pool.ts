import { type Algorithm, type Backend, weightScale } from "../../shared/balance/algorithm.ts";

/** A server that a test may change. */
export type ModelServer = { -readonly [Key in keyof Backend]: Backend[Key] };

/** Servers named a, b, c and so on, with these weights. */
export const modelServers = (weights: readonly number[]): ModelServer[] =>
  weights.map((weight, position) => ({
    name: position < 26 ? String.fromCodePoint(97 + position) : `s${position}`,
    position,
    effectiveWeight: weight * weightScale,
    load: 0,
  }));

/** The least that a pool does for its algorithm: it counts the load, and says who is there. */
export class ModelPool {
  readonly servers: readonly ModelServer[];
  readonly #algorithm: Algorithm;
  readonly #maxconn: number;
  readonly #away = new Set<ModelServer>();

  constructor(algorithm: Algorithm, weights: readonly number[], maxconn = Infinity) {
    this.servers = modelServers(weights);
    this.#algorithm = algorithm;
    this.#maxconn = maxconn;
    this.#update();
  }

  /** Those among which the algorithm chooses. */
  get there(): readonly ModelServer[] {
    return this.servers.filter((server) => !this.#away.has(server) && server.effectiveWeight > 0);
  }

  get isFull(): boolean {
    return this.there.every(({ load }) => load >= this.#maxconn);
  }

  /** A request that is answered at once: the name of the server that got it, in place of which stands "-" for none. */
  serve(random: () => number = () => 0, key = ""): string {
    const server = this.take(random, key);
    if (server !== null) this.release(server);
    return server?.name ?? "-";
  }

  /** A request that stays. */
  take(random: () => number = () => 0, key = ""): ModelServer | null {
    const isOut = ({ load }: Backend) => load >= this.#maxconn;
    const server = this.#algorithm.pick({ key, random }, isOut);
    if (server !== null) this.#load(server, 1);
    return server;
  }

  /** It has its answer. */
  release(server: ModelServer): void {
    this.#load(server, -1);
  }

  weigh(server: ModelServer, weight: number): void {
    server.effectiveWeight = weight * weightScale;
    this.#update();
  }

  leave(server: ModelServer): void {
    this.#away.add(server);
    this.#update();
  }

  comeBack(server: ModelServer): void {
    this.#away.delete(server);
    this.#update();
  }

  #load(server: ModelServer, change: number): void {
    server.load += change;
    this.#algorithm.loadChanged(server);
  }

  #update(): void {
    this.#algorithm.update(this.there);
  }
}
