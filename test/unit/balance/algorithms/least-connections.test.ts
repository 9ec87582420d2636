import { expect, it } from "vitest";
import { LeastConnections } from "../../../../shared/balance/algorithms/least-connections.ts";
import { ModelPool, type ModelServer } from "../../../support/model-pool.ts";

const poolOf = (...weights: number[]) => new ModelPool(new LeastConnections(), weights);
const serve = (pool: ModelPool, times: number) => Array.from({ length: times }, () => pool.serve()).join("");
const take = (pool: ModelPool, times: number) => Array.from({ length: times }, () => pool.take()?.name).join("");
const serverOf = (pool: ModelPool, position: number) => pool.servers[position] as ModelServer;

// Measured with HAProxy 2.6.12; test/contract/haproxy.test.ts measures it again where there is one.
it("gives idle servers their turns, whatever their weights", () => {
  expect(serve(poolOf(5, 1, 1), 7)).toBe("abcabca");
});

it("chooses the server that would have the fewest requests for its weight", () => {
  expect(take(poolOf(1, 1), 4)).toBe("abab");
  const pool = poolOf(5, 1, 1);
  expect(take(pool, 13)).toBe("abcaaaaaaaabc");
  expect(pool.servers.map(({ load }) => load)).toEqual([9, 2, 2]);
});

it("lets the one go first that has stood with its load for the longest time", () => {
  const pool = poolOf(1, 1, 1);
  expect(take(pool, 3)).toBe("abc");
  pool.release(serverOf(pool, 1));
  pool.release(serverOf(pool, 0));
  expect(take(pool, 2)).toBe("ba");
});

it("passes over those that are full, which keep their places", () => {
  const pool = new ModelPool(new LeastConnections(), [1, 1, 1], 2);
  expect(take(pool, 6)).toBe("abcabc");
  expect(take(pool, 1)).toBe("");
  pool.release(serverOf(pool, 2));
  expect(take(pool, 1)).toBe("c");
});

it("goes by a weight that has changed at once", () => {
  const pool = poolOf(1, 1);
  expect(take(pool, 4)).toBe("abab");
  pool.weigh(serverOf(pool, 1), 4);
  expect(take(pool, 5)).toBe("bbbbb");
});

it("counts the requests that a server kept while it was away", () => {
  const pool = poolOf(1, 1);
  expect(take(pool, 4)).toBe("abab");
  const [a] = pool.servers as [ModelServer];
  pool.leave(a);
  pool.release(a);
  pool.comeBack(a);
  expect(take(pool, 3)).toBe("aba");
});
