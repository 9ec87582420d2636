import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { weightScale } from "../../shared/balance/algorithm.ts";
import { algorithms } from "../../shared/balance/algorithms.ts";
import { present } from "../../shared/kernel/assert.ts";
import { Dice } from "../fuzz/dice.ts";
import { haproxy, type HaproxyPool, type RunningHaproxy, startHaproxy } from "../support/haproxy.ts";
import { type Changes, HaproxyHistory } from "../support/haproxy-history.ts";
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
const historiesOf = (algorithm: Case["algorithm"], kind: string, weightsOf: (seed: number) => readonly number[]) =>
  seeds.flatMap((seed) =>
    [2, Infinity].map((maxconn): Case => {
      const pool = `${algorithm}-${kind}-${seed}-maxconn-${maxconn}`;
      return { algorithm, weights: weightsOf(1000 + seed), pool, maxconn, seed };
    }),
  );
const losses = both.flatMap((algorithm) => historiesOf(algorithm, "losses", randomWeights));
const gains = historiesOf("leastconn", "gains", randomWeights);
/** Small weights, for windows that end soon. Without `maxconn`: out of step, other servers are full here than there. */
const returns = historiesOf("roundrobin", "returns", (seed) => {
  const dice = new Dice(seed);
  return Array.from({ length: dice.between(2, 5) }, () => dice.between(1, 4));
}).filter(({ maxconn }) => maxconn === Infinity);
const comeback: Case = {
  algorithm: "roundrobin",
  weights: [12, 35, 1],
  pool: "roundrobin-comeback",
  maxconn: Infinity,
  seed: 0,
};

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
    const pools = Object.fromEntries(
      [...orders, ...losses, ...gains, ...returns, comeback].map((each) => [each.pool, haproxyPool(each)]),
    );
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

  const startHistory = (each: Case, changes: Changes): HaproxyHistory => {
    const pair = { ...each, haproxy: other, algorithm: algorithms[each.algorithm]({ draws: 2 }) };
    return new HaproxyHistory(pair, changes, new Dice(each.seed));
  };

  it.each([
    ...losses.map((each) => ({ ...each, what: "weights fall and servers leave", gains: false, mostWeight: 256 })),
    ...gains.map((each) => ({
      ...each,
      what: "weights change, servers leave and come back",
      gains: true,
      mostWeight: 20,
    })),
  ])(
    "stays in step while requests wait, $what: $pool",
    async (each) => {
      const history = startHistory(each, each);
      for (let step = 0; step < 150; step++) await history.step();
      await history.end();
      expect(history.ours.join(" ")).toBe(history.theirs.join(" "));
    },
    timeout,
  );

  it.each(returns)(
    "has its order again one window after servers have left and come back: $pool",
    async (each) => {
      const history = startHistory(each, { gains: true, mostWeight: 4 });
      for (let step = 0; step < 150; step++) await history.step();
      await history.end();
      const window = weightScale * history.total;
      await history.serve(2 * window);
      const { ours, theirs } = await history.serve(3 * window);
      expect(theirs.join("")).toContain(ours.slice(0, window).join(""));
    },
    timeout,
  );

  it(
    "differs when a server comes back: there it has the rest of the window alone, here its share",
    async () => {
      const model = new ModelPool(algorithms.roundrobin({ draws: 2 }), comeback.weights);
      const comer = present(model.servers[0], "a server");
      const serve = async (requests: number) => {
        const ours: string[] = [];
        const theirs: string[] = [];
        for (let request = 0; request < requests; request++) {
          ours.push(model.serve());
          theirs.push(await other.ask(comeback.pool));
        }
        return { ours: ours.join(""), theirs: theirs.join("") };
      };
      await serve(492);
      model.leave(comer);
      await other.command(`set server ${comeback.pool}/a state drain`);
      const away = await serve(85);
      expect(away.ours).toBe(away.theirs);
      model.comeBack(comer);
      await other.command(`set server ${comeback.pool}/a state ready`);
      const { ours, theirs } = await serve(48);
      expect(theirs).toBe("a".repeat(48));
      expect(ours).not.toContain("aa");
      expect(ours.split("a").length).toBeGreaterThan(11);
    },
    timeout,
  );
});
