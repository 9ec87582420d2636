import { describe, expect, test } from "vitest";

import { errors, failure, undo, Undo } from "../../../shared/kernel/error.ts";

describe("the table of errors", () => {
  test.each(Object.entries(errors))(
    "%s has an HTTP status of an error and tells the operator what to do",
    (code, { status, advice }) => {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
      expect(advice).toMatch(/^[A-Z].*\.$/);
    },
  );

  test("a failure that leaves open whether the work was done is not retryable", () => {
    for (const code of ["server-failed", "deadline-exceeded", "unavailable", "internal"] as const)
      expect(errors[code].retryable).toBe(false);
  });

  test("what the same text will meet again is not retryable", () => {
    for (const code of ["bad-request", "statement-refused", "sql-error", "transaction-too-large"] as const)
      expect(errors[code].retryable).toBe(false);
  });
});

test("an undone transaction carries its failure out as a value", () => {
  expect(() => undo("transaction-too-large", "17 MB")).toThrow(Undo);
  try {
    undo("transaction-too-large", "17 MB");
  } catch (error) {
    expect(error instanceof Undo && error.failure).toEqual(failure("transaction-too-large", "17 MB"));
  }
});
