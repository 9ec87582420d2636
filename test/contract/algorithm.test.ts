import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Backend } from "../../shared/balance/algorithm.ts";
import { algorithms } from "../../shared/balance/algorithms.ts";

/** What every balancing algorithm promises, whatever its order. */
describe.each(Object.entries(algorithms))("the algorithm %s", (_, start) => {
  it("chooses one of the candidates, whichever they are", () => {
    fc.assert(
      fc.property(calls, (candidatesOfCalls) => {
        const algorithm = start();
        for (const candidates of candidatesOfCalls) expect(candidates).toContain(algorithm.pick(candidates));
      }),
    );
  });

  it("makes the same choices after the same calls", () => {
    fc.assert(
      fc.property(calls, (candidatesOfCalls) => {
        const run = () =>
          candidatesOfCalls.map(
            (
              (algorithm) => (each: Backend[]) =>
                algorithm.pick(each).name
            )(start()),
          );
        expect(run()).toEqual(run());
      }),
    );
  });

  it("lets no server of equal standing starve", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), (size) => {
        const algorithm = start();
        const pool = backends(size);
        const chosen = Array.from({ length: 20 * size }, () => algorithm.pick(pool).name);
        for (const { name } of pool) expect(chosen.filter((each) => each === name).length).toBeGreaterThanOrEqual(10);
      }),
    );
  });

  it("keeps its own memory: two pools do not disturb each other", () => {
    const pool = backends(3);
    const alone = start();
    const one = start();
    const other = start();
    for (let call = 0; call < 9; call++) {
      expect(one.pick(pool)).toBe(alone.pick(pool));
      other.pick(pool);
    }
  });
});

function backends(size: number): Backend[] {
  return Array.from({ length: size }, (_, position) => ({ name: `s${position}`, binding: `S${position}`, position }));
}

/** The candidates of a row of calls: each a part of one pool, in its order, never empty. */
const calls = fc
  .integer({ min: 1, max: 9 })
  .chain((size) => fc.array(fc.subarray(backends(size), { minLength: 1 }), { maxLength: 40 }));
