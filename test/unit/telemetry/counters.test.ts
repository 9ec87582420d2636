import fc from "fast-check";
import { expect, it } from "vitest";
import { mergeDeltas } from "../../../shared/telemetry/counters.ts";
import { deltas } from "../../support/deltas.ts";

it("merges in any order and grouping to the same", () => {
  fc.assert(
    fc.property(deltas, deltas, deltas, (one, two, three) => {
      expect(mergeDeltas(one, two)).toEqual(mergeDeltas(two, one));
      expect(mergeDeltas(mergeDeltas(one, two), three)).toEqual(mergeDeltas(one, mergeDeltas(two, three)));
      expect(mergeDeltas(one, {})).toEqual(one);
    }),
  );
});

it("adds what was counted, and keeps the larger of what was measured", () => {
  const counts = { stot: 2, qtime_max: 7 };
  const one = { web: { frontend: counts, backend: {}, servers: { a: { stot: 1, rtime_max: 5 } } } };
  const other = { web: { frontend: { stot: 3, qtime_max: 4 }, backend: {}, servers: { b: { stot: 3 } } } };
  expect(mergeDeltas(one, other)).toEqual({
    web: {
      frontend: { stot: 5, qtime_max: 7 },
      backend: {},
      servers: { a: { stot: 1, rtime_max: 5 }, b: { stot: 3 } },
    },
  });
});
