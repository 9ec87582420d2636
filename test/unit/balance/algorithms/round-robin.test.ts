import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { weightScale } from "../../../../shared/balance/algorithm.ts";
import { RoundRobin } from "../../../../shared/balance/algorithms/round-robin.ts";
import { present } from "../../../../shared/kernel/assert.ts";
import { ModelPool, modelServers, type ModelServer } from "../../../support/model-pool.ts";

const poolOf = (...weights: number[]) => new ModelPool(new RoundRobin(), weights);
const serve = (pool: ModelPool, times: number) => Array.from({ length: times }, () => pool.serve()).join("");
const serverOf = (pool: ModelPool, position: number) => pool.servers[position] as ModelServer;
const countOf = (name: string, served: string) => served.split(name).length - 1;

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0);
const draw = { key: "", random: () => 0 };
const pick = (algorithm: RoundRobin, out: string) =>
  algorithm.pick(draw, ({ name }) => out.includes(name))?.name ?? "-";

/** For each server the most of its turns that come in a row. */
const runsIn = (served: string) => {
  const runs = new Map<string, number>();
  for (const [run, name = ""] of served.matchAll(/(.)\1*/g)) runs.set(name, Math.max(runs.get(name) ?? 0, run.length));
  return runs;
};

const weightLists = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 });

const position = fc.nat(6);
const anyWeight = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 256 }));
const choices = fc.oneof(fc.nat(3), fc.nat(200), fc.nat(5000));
const change = fc.oneof(
  fc.record({ kind: fc.constant("leave" as const), position, choices }),
  fc.record({ kind: fc.constant("come back" as const), position, choices }),
  fc.record({ kind: fc.constant("weigh" as const), position, weight: anyWeight, choices }),
);

/** Pools to which something has happened: servers left, came back, were weighed anew. All are there; the last one has just come back. */
const unsteadyPools = fc
  .tuple(fc.array(anyWeight, { minLength: 2, maxLength: 7 }), fc.array(change, { maxLength: 12 }), choices)
  .map(([weights, changes, away]) => {
    const pool = poolOf(...weights);
    const comer = serverOf(pool, weights.length - 1);
    for (const each of changes) {
      const server = serverOf(pool, each.position % weights.length);
      if (each.kind === "leave") pool.leave(server);
      else if (each.kind === "come back") pool.comeBack(server);
      else pool.weigh(server, each.weight);
      serve(pool, each.choices);
    }
    for (const server of pool.servers) if (server !== comer) pool.comeBack(server);
    pool.leave(comer);
    serve(pool, away);
    pool.comeBack(comer);
    return pool;
  });

describe("the order", () => {
  // Measured with HAProxy 2.6.12; test/contract/haproxy.test.ts measures it again where there is one.
  it.each([
    [[1, 1, 1], "abcabcabc"],
    [[5, 1, 1], "aaabaacaaabaac"],
    [[3, 2, 1], "abacababacab"],
    [[10, 3, 2, 1], "aabaacabaadaabcaaabaacabaadaabca"],
  ])("by the weights %j is HAProxy's", (weights, order) => {
    expect(serve(poolOf(...weights), order.length)).toBe(order);
  });

  it("is smooth: nobody is ahead of its share, or behind it, by two turns within a window, or by one more for each window", () => {
    fc.assert(
      fc.property(weightLists, (weights) => {
        const pool = poolOf(...weights);
        const total = sumOf(weights);
        const counts = new Map<string, number>();
        for (let choice = 1; choice <= 3 * weightScale * total; choice++) {
          const name = pool.serve();
          counts.set(name, (counts.get(name) ?? 0) + 1);
          const windows = Math.floor(choice / (weightScale * total));
          const isSmooth = weights.every((weight, position) => {
            const share = (choice * weight) / total;
            return Math.abs((counts.get(serverOf(pool, position).name) ?? 0) - share) < 2 + windows;
          });
          expect(isSmooth).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe("a server that is out", () => {
  it("loses its turn to the next one, and has the turns after that as before", () => {
    const algorithm = new RoundRobin();
    algorithm.update(modelServers([1, 1, 1]));
    expect(["", "", "c", "", "", "", ""].map((out) => pick(algorithm, out)).join("")).toBe("ababcab");
  });

  it("has its share again in the next window, and no more, however long it was out", () => {
    fc.assert(
      fc.property(weightLists, fc.nat(500), (weights, choices) => {
        const algorithm = new RoundRobin();
        algorithm.update(modelServers(weights));
        for (let choice = 0; choice < choices; choice++) pick(algorithm, "a");
        const window = weightScale * sumOf(weights);
        for (let choice = 0; choice < window; choice++) pick(algorithm, "");
        const served = Array.from({ length: window }, () => pick(algorithm, "")).join("");
        expect(Math.abs(countOf("a", served) - weightScale * (weights[0] ?? 0))).toBeLessThanOrEqual(3);
      }),
    );
  });

  it("costs nobody a turn when all are", () => {
    const algorithm = new RoundRobin();
    algorithm.update(modelServers([5, 1, 1]));
    expect(["", "", "abc", "abc", "", "", "abc", "", "", ""].map((out) => pick(algorithm, out)).join("")).toBe(
      "aa--ab-aac",
    );
  });
});

describe("a server that comes back", () => {
  it("takes its turn, and no burst", () => {
    const pool = poolOf(1, 1, 1);
    pool.leave(serverOf(pool, 1));
    expect(serve(pool, 30)).toBe("ac".repeat(15));
    pool.comeBack(serverOf(pool, 1));
    const served = serve(pool, 12);
    expect(countOf("b", served.slice(0, 6))).toBeLessThanOrEqual(2);
    expect(served.slice(6)).toBe("acbacb");
  });

  it("has its share at once, where HAProxy gives it 48 turns in a row", () => {
    const pool = poolOf(12, 35, 1);
    const first = serverOf(pool, 0);
    serve(pool, 492);
    pool.leave(first);
    serve(pool, 85);
    pool.comeBack(first);
    for (let round = 0; round < 10; round++) {
      const turns = countOf("a", serve(pool, 48));
      expect(Math.abs(turns - 12)).toBeLessThanOrEqual(1);
    }
  });

  it("leaves nobody with more turns in a row than the steady order has, and those of one round, whatever came before", () => {
    fc.assert(
      fc.property(unsteadyPools, (pool) => {
        const weights = pool.servers.map(({ effectiveWeight }) => effectiveWeight / weightScale);
        const requests = 2 * weightScale * sumOf(weights);
        const steady = runsIn(serve(poolOf(...weights), requests));
        for (const [name, run] of runsIn(serve(pool, requests))) {
          const round = weights[pool.servers.findIndex((server) => server.name === name)];
          expect(run).toBeLessThanOrEqual(present(steady.get(name), name) + present(round, name));
        }
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it("leaves each of the others a third of his share at least, however often it comes and goes", () => {
    const visits = fc.tuple(fc.integer({ min: 1, max: 20 }), fc.nat(20));
    fc.assert(
      fc.property(weightLists, visits, ([first, ...others], [here, away]) => {
        fc.pre(first !== undefined && others.length > 0);
        const pool = poolOf(first ?? 1, ...others);
        const comer = serverOf(pool, 0);
        const rounds = 3 * sumOf(others);
        const served = Array.from({ length: rounds }, () => {
          const before = serve(pool, here);
          pool.leave(comer);
          const after = serve(pool, away);
          pool.comeBack(comer);
          return before + after;
        }).join("");
        const left = served.length - countOf("a", served);
        for (const [index, weight] of others.entries()) {
          const share = (left * weight) / sumOf(others);
          expect(countOf(serverOf(pool, index + 1).name, served)).toBeGreaterThanOrEqual(Math.floor(share / 3) - 2);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("begins anew with the others when there was nobody left", () => {
    const algorithm = new RoundRobin();
    const servers = modelServers([1, 2]);
    const order = () => Array.from({ length: 6 }, () => pick(algorithm, "")).join("");
    algorithm.update(servers);
    expect(order()).toBe("bbabba");
    algorithm.update([]);
    expect(order()).toBe("------");
    algorithm.update(servers);
    expect(order()).toBe("bbabba");
  });
});

describe("a weight that changes", () => {
  it("counts from the next turn on", () => {
    const pool = poolOf(1, 1);
    expect(serve(pool, 6)).toBe("ababab");
    pool.weigh(serverOf(pool, 0), 3);
    const served = serve(pool, 400);
    expect(countOf("a", served)).toBeGreaterThanOrEqual(298);
    expect(countOf("a", served)).toBeLessThanOrEqual(302);
  });

  it("leaves everybody with the share that the last weights say, whatever came before", () => {
    const change = fc.record({ position: fc.nat(4), weight: fc.integer({ min: 1, max: 40 }), choices: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        const pool = poolOf(1, 1, 1, 1, 1);
        for (const { position, weight, choices } of changes) {
          pool.weigh(serverOf(pool, position), weight);
          serve(pool, choices);
        }
        const total = sumOf(pool.servers.map(({ effectiveWeight }) => effectiveWeight));
        serve(pool, 3 * total);
        const served = serve(pool, 2 * total);
        for (const { name, effectiveWeight } of pool.servers)
          expect(Math.abs(countOf(name, served) - 2 * effectiveWeight)).toBeLessThanOrEqual(6);
      }),
      { numRuns: 50 },
    );
  });
});
