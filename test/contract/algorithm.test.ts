import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Algorithm, Backend } from "../../shared/balance/algorithm.ts";
import { algorithms, type AlgorithmName } from "../../shared/balance/algorithms.ts";
import { Dice } from "../fuzz/dice.ts";
import { ModelPool, modelServers } from "../support/model-pool.ts";

/** What every balancing algorithm promises, whatever its order. */
describe.each(Object.keys(algorithms) as AlgorithmName[])("the algorithm %s", (name) => {
  const start = () => algorithms[name]({ draws: 2 });

  it("chooses one of the servers that are there and not out, and none only when all are out", () => {
    fc.assert(
      fc.property(histories, (history) => {
        play(start(), history, (chosen, { there, out }) => {
          const fit = there.filter((each) => !out.has(each));
          if (fit.length === 0) expect(chosen).toBeNull();
          else expect(fit).toContain(chosen);
        });
      }),
    );
  });

  it("makes the same choices after the same calls", () => {
    fc.assert(
      fc.property(histories, (history) => {
        expect(play(start(), history)).toEqual(play(start(), history));
      }),
    );
  });

  it("keeps what it remembers when it is told again what it knows", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const forgetful = history.map((step) => ({ ...step, isUpdate: true }));
        expect(play(start(), forgetful)).toEqual(play(start(), history));
      }),
    );
  });

  it("keeps it to itself: two pools do not disturb each other", () => {
    fc.assert(
      fc.property(histories, histories, (history, others) => {
        const other = start();
        const disturbed = play(start(), history, (_, { index }) => void play(other, others.slice(index, index + 1)));
        expect(disturbed).toEqual(play(start(), history));
      }),
    );
  });

  it("says beforehand what it will choose, and forgets that it was asked", () => {
    fc.assert(
      fc.property(histories, (history) => {
        expect(play(start(), history, undefined, "peek")).toEqual(play(start(), history));
      }),
    );
  });

  it("has nobody to choose at first, and when all have left", () => {
    const algorithm = start();
    const draw = { key: "k", random: () => 0 };
    expect(algorithm.pick(draw, () => false)).toBeNull();
    algorithm.update(modelServers([1, 2]));
    algorithm.update([]);
    expect(algorithm.pick(draw, () => false)).toBeNull();
    expect(algorithm.peek(draw, () => false)).toBeNull();
  });

  it("takes no offence at a load that changes on a server that is not there", () => {
    const algorithm = start();
    const [here, gone] = modelServers([1, 1]) as [Backend, Backend];
    algorithm.update([here, gone]);
    algorithm.update([here]);
    algorithm.loadChanged(gone);
    expect(algorithm.pick({ key: "k", random: () => 0 }, () => false)).toBe(here);
  });

  it.skipIf(name === "first")("lets no server of equal standing starve", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer(), (size, seed) => {
        const dice = new Dice(seed);
        const pool = new ModelPool(
          start(),
          Array.from({ length: size }, () => 1),
        );
        const served = new Set(
          Array.from({ length: 60 * size }, (_, call) => pool.serve(() => dice.next(), `k${call}`)),
        );
        expect(served.size).toBe(size);
      }),
    );
  });

  it.skipIf(name === "first")("gives each server the share that its weight says", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 12 }),
        fc.integer(),
        (weights, seed) => {
          const dice = new Dice(seed);
          const pool = new ModelPool(start(), weights);
          const requests = 8000;
          for (let count = 0; count < requests; count++) pool.take(() => dice.next(), `${dice.next()}`);
          const total = weights.reduce((sum, weight) => sum + weight);
          for (const { load, position } of pool.servers)
            expect(Math.abs(load / requests - (weights[position] ?? 0) / total)).toBeLessThan(0.03);
        },
      ),
      { numRuns: 10 },
    );
  });
});

/** One choice, and what came before it. */
interface Step {
  readonly there: readonly number[];
  readonly weights: readonly number[];
  readonly loads: readonly number[];
  readonly out: readonly number[];
  readonly key: string;
  /** Whether the algorithm hears of it though nothing has changed. */
  readonly isUpdate: boolean;
}

interface Choice {
  readonly index: number;
  readonly there: readonly Backend[];
  readonly out: ReadonlySet<Backend>;
}

const size = 7;
const some = fc.subarray(Array.from({ length: size }, (_, index) => index));
const anyOf = (most: number, least = 0) =>
  fc.array(fc.integer({ min: least, max: most }), { minLength: size, maxLength: size });
const change = fc.record({
  there: fc.oneof({ weight: 1, arbitrary: some }, { weight: 3, arbitrary: fc.constant([0, 1, 2, 3, 4, 5, 6]) }),
  weights: fc.oneof(anyOf(256, 1), anyOf(3, 1)),
});

/** Servers come, go and change their weights now and then; between that there are some choices. */
const histories: fc.Arbitrary<readonly Step[]> = fc
  .array(
    fc.tuple(
      change,
      fc.array(
        fc.record({
          loads: anyOf(3),
          out: fc.oneof(fc.constant([]), some),
          key: fc.string(),
          isUpdate: fc.constant(false),
        }),
        { maxLength: 12 },
      ),
    ),
    { maxLength: 5 },
  )
  .map((parts) => parts.flatMap(([changed, steps]) => steps.map((step) => ({ ...changed, ...step }))));

/** @returns the names of those that were chosen. */
function play(
  algorithm: Algorithm,
  history: readonly Step[],
  look: (chosen: Backend | null, choice: Choice) => void = () => {},
  how: "pick" | "peek" = "pick",
): (string | undefined)[] {
  const servers = modelServers(Array.from({ length: size }, () => 1));
  let last: Step | null = null;
  return history.map((step, index) => {
    const there = servers.filter(({ position }) => step.there.includes(position));
    const out = new Set(servers.filter(({ position }) => step.out.includes(position)));
    const isChange = last?.there !== step.there || last.weights !== step.weights;
    last = step;
    for (const server of servers) server.effectiveWeight = 16 * (step.weights[server.position] ?? 1);
    if (isChange || step.isUpdate) algorithm.update(there);
    for (const server of servers) {
      server.load = step.loads[server.position] ?? 0;
      algorithm.loadChanged(server);
    }
    const ask = (by: "pick" | "peek") => {
      const dice = new Dice(index);
      return algorithm[by]({ key: step.key, random: () => dice.next() }, (server) => out.has(server));
    };
    const foretold = how === "peek" ? ask("peek") : null;
    const chosen = ask("pick");
    look(chosen, { index, there, out });
    return (how === "peek" ? foretold : chosen)?.name;
  });
}
