import { expect, it } from "vitest";
import { First } from "../../../../shared/balance/algorithms/first.ts";
import { ModelPool, type ModelServer } from "../../../support/model-pool.ts";

it("fills the servers in the order of the pool, whatever their weights", () => {
  const pool = new ModelPool(new First(), [1, 9, 5], 2);
  const names = Array.from({ length: 6 }, () => pool.take()?.name).join("");
  expect(names).toBe("aabbcc");
  expect(pool.take()).toBeNull();
});

it("goes back to the first one that has room", () => {
  const pool = new ModelPool(new First(), [1, 1, 1], 1);
  const [a, b] = [pool.take(), pool.take()] as [ModelServer, ModelServer];
  pool.release(a);
  expect(pool.take()).toBe(a);
  pool.release(b);
  pool.release(a);
  pool.leave(a);
  expect(pool.take()).toBe(b);
});
