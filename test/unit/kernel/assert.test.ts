import { expect, test } from "vitest";

import { assert, AssertionError, present } from "../../../shared/kernel/assert.ts";

test("an invariant that holds passes, one that does not stops the work with its message", () => {
  expect(() => assert(true, "holds")).not.toThrow();
  expect(() => assert(false, "two primaries")).toThrow(new AssertionError("two primaries"));
});

test("a value that is there is handed on, whatever it is", () => {
  for (const value of [0, "", false, Number.NaN]) expect(present(value, "a value")).toBe(value);
});

test.each([null, undefined])("%s is no value: the message names what is missing", (value) => {
  expect(() => present(value, "record 7")).toThrow(new AssertionError("record 7 is missing"));
});
