import type { Algorithm } from "./algorithm.ts";
import { First } from "./algorithms/first.ts";
import { Hash } from "./algorithms/hash.ts";
import { LeastConnections } from "./algorithms/least-connections.ts";
import { RandomDraws } from "./algorithms/random.ts";
import { RoundRobin } from "./algorithms/round-robin.ts";

/** What an algorithm needs of its pool's configuration. */
interface Settings {
  /** Servers that `random` draws for each choice; at least 1. */
  readonly draws: number;
}

/** The name of an algorithm in the site configuration, which is HAProxy's (`balance <name>`). */
export type AlgorithmName = "roundrobin" | "leastconn" | "random" | "hash" | "first";

/** Makes an algorithm, for one pool. */
export const algorithms: Readonly<Record<AlgorithmName, (settings: Settings) => Algorithm>> = {
  roundrobin: () => new RoundRobin(),
  leastconn: () => new LeastConnections(),
  random: ({ draws }) => new RandomDraws(draws),
  hash: () => new Hash(),
  first: () => new First(),
};
