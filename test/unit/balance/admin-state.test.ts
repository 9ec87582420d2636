import { expect, test } from "vitest";

import { readWeight } from "../../../shared/balance/admin-state.ts";

// What HAProxy 2.6.12 answers to `set server web/b weight ...`, where b has weight 10.
test.each([
  ["0", 0],
  ["256", 256],
  ["7", 7],
  ["50%", 5],
  ["0%", 0],
  ["33%", 3],
  ["99999%", 256],
  ["", "Require <weight> or <weight%>."],
  ["foo", "Empty weight string empty or preceded by garbage"],
  ["%", "Empty weight string empty or preceded by garbage"],
  ["5x", "Trailing garbage in weight string"],
  ["50%x", "Trailing garbage in weight string"],
  ["2.5", "Trailing garbage in weight string"],
  ["-5%", "Relative weight must be positive."],
  ["-1", "Absolute weight can only be between 0 and 256 inclusive."],
  ["257", "Absolute weight can only be between 0 and 256 inclusive."],
])("the weight %j of a server with 10 is %j", (text, expected) => {
  expect(readWeight(text, 10)).toBe(expected);
});

test("half of a weight of 1 is none, as HAProxy has it", () => {
  expect(readWeight("50%", 1)).toBe(0);
});
