import { type ErrorCode, errors } from "../../../shared/kernel/error.ts";

const isErrorCode = (code: unknown): code is ErrorCode => typeof code === "string" && code in errors;

/**
 * Tells a database that does not answer from a bug.
 *
 * @param error what a query threw; drizzle puts the database's own error into `cause`.
 * @returns the code, when it is one that passes with time (503); `null` for every other error.
 */
export function databaseOutage(error: unknown): ErrorCode | null {
  if (!(error instanceof Error)) return null;
  const code = "code" in error ? error.code : null;
  return isErrorCode(code) && errors[code].status === 503 ? code : databaseOutage(error.cause);
}
