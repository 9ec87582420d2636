import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { algorithms } from "../../shared/balance/algorithms.ts";
import { present } from "../../shared/kernel/assert.ts";
import { Dice } from "../fuzz/dice.ts";
import { haproxy, type HaproxyPool, type RunningHaproxy, startHaproxy } from "../support/haproxy.ts";
import { HaproxyHistory } from "../support/haproxy-history.ts";
import { ModelPool, modelServers } from "../support/model-pool.ts";

const reason = haproxy === null ? " (skipped: this machine has no haproxy)" : "";
const timeout = 60_000;

const randomWeights = (seed: number): readonly number[] => {
  const dice = new Dice(seed);
  const most = dice.pick([3, 20, 256]);
  return Array.from({ length: dice.between(2, 9) }, () => dice.between(1, most));
};
const seeds = Array.from({ length: 6 }, (_, seed) => seed);
const weightLists = [[1, 1, 1], [5, 1, 1], [3, 2, 1], [2, 3, 3], [256, 1, 100], ...seeds.map(randomWeights)];

/** Three of the windows after which HAProxy begins anew, where they are short. */
const requestsFor = (weights: readonly number[]): number => {
  const total = weights.reduce((sum, weight) => sum + weight);
  return total <= 8 ? 3 * 16 * total : 80;
};

interface Case {
  readonly algorithm: "roundrobin" | "leastconn";
  readonly weights: readonly number[];
  /** One for each test: HAProxy goes on where the test before has left it. */
  readonly pool: string;
  readonly maxconn: number;
  readonly seed: number;
}

const both = ["roundrobin", "leastconn"] as const;
const orders = both.flatMap((algorithm): readonly Case[] =>
  weightLists.map((weights) => {
    return { algorithm, weights, pool: `${algorithm}-${weights.join("-")}`, maxconn: Infinity, seed: 0 };
  }),
);
const histories = both.flatMap((algorithm): readonly Case[] =>
  seeds.flatMap((seed) =>
    [2, Infinity].map((maxconn) => {
      const weights = randomWeights(1000 + seed);
      return { algorithm, weights, pool: `${algorithm}-history-${seed}-maxconn-${maxconn}`, maxconn, seed };
    }),
  ),
);

const haproxyPool = ({ algorithm, weights, maxconn }: Case): HaproxyPool => ({
  algorithm,
  servers: Object.fromEntries(
    modelServers(weights).map(({ name, position }) => [
      name,
      `weight ${weights[position]}${maxconn === Infinity ? "" : ` maxconn ${maxconn}`}`,
    ]),
  ),
});

describe.skipIf(haproxy === null)(`beside HAProxy${reason}`, () => {
  let other: RunningHaproxy;
  beforeAll(async () => {
    const pools = Object.fromEntries([...orders, ...histories].map((each) => [each.pool, haproxyPool(each)]));
    other = await startHaproxy(present(haproxy, "HAProxy"), pools);
  }, timeout);
  afterAll(() => other.close(), timeout);

  it.each(orders)(
    "chooses the servers in the same order: $pool",
    async ({ algorithm, weights, pool }) => {
      const model = new ModelPool(algorithms[algorithm]({ draws: 2 }), weights);
      const ours: string[] = [];
      const theirs: string[] = [];
      for (let request = 0; request < requestsFor(weights); request++) {
        ours.push(model.serve());
        theirs.push(await other.ask(pool));
      }
      expect(ours.join("")).toBe(theirs.join(""));
    },
    timeout,
  );

  it.each(histories)(
    "stays in step while requests wait, weights change, servers leave and come back: $pool",
    async ({ seed, ...each }) => {
      const pair = { ...each, haproxy: other, algorithm: algorithms[each.algorithm]({ draws: 2 }) };
      const history = new HaproxyHistory(pair, new Dice(seed));
      for (let step = 0; step < 150; step++) await history.step();
      await history.end();
      expect(history.ours.join(" ")).toBe(history.theirs.join(" "));
    },
    timeout,
  );
});
