import fc from "fast-check";
import { counterNames, type CountersDelta, type Delta, type PoolDelta } from "../../shared/telemetry/counters.ts";

const some = <Value>(names: readonly string[], value: fc.Arbitrary<Value>, most: number) =>
  fc
    .array(fc.tuple(fc.constantFrom(...names), value), { maxLength: most })
    .map((entries): Record<string, Value> => Object.fromEntries(entries));

const counts: fc.Arbitrary<Delta> = some(counterNames, fc.integer({ min: 1, max: 10_000 }), 4);

const pool = fc
  .tuple(counts, counts, some(["a", "b", "c"], counts, 3))
  .map(([frontend, backend, servers]): PoolDelta => ({ frontend, backend, servers }));

/** What an isolate may have counted, of the pools of `poolNames`. */
export const deltas: fc.Arbitrary<CountersDelta> = some(["web", "api"], pool, 2);

/** These pools. */
export const poolNames = { web: ["a", "b", "c"], api: ["a", "b", "c"] };
