import type { Algorithm } from "./algorithm.ts";
import { roundRobin } from "./algorithms/round-robin.ts";

/** Every algorithm by its name in the site configuration, which is HAProxy's (`balance <name>`). */
export const algorithms = {
  roundrobin: roundRobin,
} as const satisfies Record<string, () => Algorithm>;

/** The name of an algorithm in the site configuration. */
export type AlgorithmName = keyof typeof algorithms;
