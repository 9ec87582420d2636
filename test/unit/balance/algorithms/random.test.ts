import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Backend } from "../../../../shared/balance/algorithm.ts";
import { RandomDraws } from "../../../../shared/balance/algorithms/random.ts";
import { Dice } from "../../../fuzz/dice.ts";
import { ModelPool, modelServers, type ModelServer } from "../../../support/model-pool.ts";

/** Numbers in [0, 1) that lie evenly: as many of each server as its weight says, to one. */
const even = (count: number) => Array.from({ length: count }, (_, index) => (index + 0.5) / count);

const weightLists = fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 30 });

function count(weights: readonly number[], numbers: readonly number[], out = ""): number[] {
  const algorithm = new RandomDraws(1);
  algorithm.update(modelServers(weights));
  const counts = weights.map(() => 0);
  for (const number of numbers) {
    const chosen = algorithm.pick({ key: "", random: () => number }, ({ name }) => out.includes(name));
    if (chosen !== null) counts[chosen.position] = (counts[chosen.position] ?? 0) + 1;
  }
  return counts;
}

describe("one draw", () => {
  it("takes each server exactly as often as its weight says, over all numbers that can be drawn", () => {
    fc.assert(
      fc.property(weightLists, (weights) => {
        const total = weights.reduce((sum, weight) => sum + weight);
        const numbers = even(weights.length * total);
        count(weights, numbers).forEach((times, index) => {
          expect(times).toBe(weights.length * (weights[index] ?? 0));
        });
      }),
      { numRuns: 30 },
    );
  });

  it("stays in bounds at both ends of the numbers", () => {
    for (const number of [0, 1 - Number.EPSILON]) expect(count([3, 1, 2], [number])).toContain(1);
  });

  it("shares what would go to a server that is out among the others by their weights", () => {
    const dice = new Dice(1);
    const numbers = Array.from({ length: 30_000 }, () => dice.next());
    const [a = 0, b, c = 0] = count([1, 7, 2], numbers, "b");
    expect(b).toBe(0);
    expect(a + c).toBe(30_000);
    expect(c / a).toBeGreaterThan(1.9);
    expect(c / a).toBeLessThan(2.1);
  });
});

describe("several draws", () => {
  const pickWith = (servers: readonly Backend[], draws: number, numbers: readonly number[]) => {
    const algorithm = new RandomDraws(draws);
    algorithm.update(servers);
    const left = [...numbers];
    const chosen = algorithm.pick({ key: "", random: () => left.shift() ?? Number.NaN }, () => false);
    return { name: chosen?.name, used: numbers.length - left.length };
  };
  const [a, b, c] = [0.1, 0.4, 0.7];

  it("take the drawn server with the fewest requests for its weight, and of equal ones the last", () => {
    const servers = modelServers([1, 1, 1]) as [ModelServer, ModelServer, ModelServer];
    servers[0].load = 2;
    servers[1].load = 1;
    servers[2].load = 1;
    expect(pickWith(servers, 2, [a, b])).toEqual({ name: "b", used: 2 });
    expect(pickWith(servers, 2, [b, a])).toEqual({ name: "b", used: 2 });
    expect(pickWith(servers, 2, [b, c])).toEqual({ name: "c", used: 2 });
    expect(pickWith(servers, 1, [a])).toEqual({ name: "a", used: 1 });
    expect(pickWith(servers, 3, [a, c, a])).toEqual({ name: "c", used: 3 });
  });

  it("weigh the requests by the weights", () => {
    const servers = modelServers([2, 2, 1]) as [ModelServer, ModelServer, ModelServer];
    servers[0].load = 3;
    servers[2].load = 2;
    expect(pickWith(servers, 2, [a, c]).name).toBe("a");
    servers[0].load = 5;
    expect(pickWith(servers, 2, [a, c]).name).toBe("c");
  });

  it("keep the loads much closer together than one", () => {
    const spread = (draws: number) => {
      const dice = new Dice(7);
      const pool = new ModelPool(
        new RandomDraws(draws),
        Array.from({ length: 50 }, () => 1),
      );
      for (let request = 0; request < 5000; request++) pool.take(() => dice.next());
      const loads = pool.servers.map(({ load }) => load);
      return Math.max(...loads) - Math.min(...loads);
    };
    expect(spread(2)).toBeLessThan(8);
    expect(spread(1)).toBeGreaterThan(20);
  });
});
