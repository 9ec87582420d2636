/** A broken invariant: a bug or damaged storage, never an expected outcome. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/**
 * Stops the work in hand when an invariant does not hold. Always on, in production too.
 *
 * @throws {AssertionError} with `message` when `condition` is false.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Narrows away `undefined` and `null`, which stand for a broken invariant here. */
export function present<T>(value: T | null | undefined, what: string): T {
  assert(value !== null && value !== undefined, `${what} is missing`);
  return value;
}
