import { expect, it } from "vitest";
import type { Backend } from "../../../shared/balance/algorithm.ts";
import { roundRobin } from "../../../shared/balance/algorithms/round-robin.ts";

const [a, b, c] = ["a", "b", "c"].map((name, position) => ({ name, binding: name.toUpperCase(), position })) as [
  Backend,
  Backend,
  Backend,
];

const order = (calls: readonly (readonly Backend[])[]) => {
  const algorithm = roundRobin();
  return calls.map((candidates) => algorithm.pick(candidates).name).join("");
};

it("takes the servers in the order of the configuration, over and over", () => {
  expect(order(Array.from({ length: 7 }, () => [a, b, c]))).toBe("abcabca");
});

it("goes on after the last one that it chose when that is no candidate any more", () => {
  expect(
    order([
      [a, b, c],
      [b, c],
      [a, c],
      [a, b],
      [a, b, c],
    ]),
  ).toBe("abcab");
});

it("passes over a server that is no candidate, and gives the others equal shares", () => {
  expect(order(Array.from({ length: 6 }, () => [a, c]))).toBe("acacac");
});

it("gives a server that comes back its turn, and no burst", () => {
  expect(
    order([
      [a, c],
      [a, c],
      [a, c],
      [a, b, c],
      [a, b, c],
      [a, b, c],
    ]),
  ).toBe("acabca");
});
