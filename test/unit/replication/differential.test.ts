import fc from "fast-check";
import { expect, test } from "vitest";

import { generate } from "../../fuzz/generate.ts";
import { runOnPair } from "../../fuzz/pair-run.ts";
import { historiesOf, worlds } from "../../fuzz/worlds.ts";

test.each(Object.entries(worlds))(
  "%s: whatever is written on the primary, a replica holds the same to the bit",
  async (_, world) => {
    await fc.assert(
      fc.asyncProperty(historiesOf(world), async (history) => {
        expect((await runOnPair(history)).problem).toBeNull();
      }),
      { numRuns: 30 },
    );
  },
  300_000,
);

test("the same holds for random schemas, and most of what is tried there succeeds", async () => {
  let [committed, batches] = [0, 0];
  for (let seed = 1; seed <= 200; seed += 1) {
    const run = await runOnPair(generate(seed));
    expect(run.problem, `seed ${seed}`).toBeNull();
    committed += run.committed;
    batches += run.batches;
  }
  expect(committed / batches).toBeGreaterThan(0.5);
}, 300_000);
