import * as v from "valibot";
import { expect, test } from "vitest";

import { explain } from "../../../shared/kernel/explain.ts";

const schema = v.strictObject({
  pools: v.optional(v.record(v.string(), v.array(v.pipe(v.number("a number"), v.maxValue(9, "at most 9"))))),
});

function wordsFor(value: unknown): string[] {
  const parsed = v.safeParse(schema, value);
  return (parsed.issues ?? []).map(explain);
}

test("a wrong value is told by its key path, what was found, what is allowed", () => {
  expect(wordsFor({ pools: { web: [1, 10] } })).toEqual(["pools.web[1]: found 10, allowed: at most 9"]);
  expect(wordsFor({ pools: { web: ["x"] } })).toEqual(['pools.web[0]: found "x", allowed: a number']);
});

test.each([
  [undefined, "nothing"],
  [() => 1, "a function"],
  [10n, "a bigint"],
  [Number.NaN, "NaN"],
])("a value without a form in JSON is named by its kind", (value, words) => {
  expect(wordsFor({ pools: { web: [value] } })[0]).toContain(`found ${words},`);
});

test("a long value is cut to a line", () => {
  expect(wordsFor({ pools: { web: ["x".repeat(500)] } })[0]?.length).toBeLessThan(150);
});

test("a key that does not belong there is called this key", () => {
  expect(wordsFor({ pool: 1 })[0]).toMatch(/^pool: found this key/);
});
