import { present } from "../../kernel/assert.ts";
import type { Algorithm, Backend } from "../algorithm.ts";

/**
 * Each server in turn, in the order of the configuration: a, b, c, a, b, c. A server that is no candidate is passed
 * over, and its turn is not made up for later, so that one which comes back gets no burst.
 * The order of HAProxy's `roundrobin` and of nginx's default with equal weights.
 */
export function roundRobin(): Algorithm {
  let last = -1;
  return {
    pick(candidates) {
      const next = candidates.find(({ position }) => position > last) ?? first(candidates);
      last = next.position;
      return next;
    },
  };
}

const first = (candidates: readonly Backend[]) => present(candidates[0], "a candidate");
