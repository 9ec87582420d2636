import type { Context } from "hono";
import { type ErrorCode, errors } from "../../../shared/kernel/error.ts";
import type { Issue } from "./input.ts";
import { Failure } from "./view/failure.tsx";

/**
 * Answers with an error: under /api/ as `{"error": {"code", "message", "issues"}}`, elsewhere as a page.
 *
 * @param message what the caller reads; it never holds what an exception said.
 * @param issues what is wrong with which field, if it was the input.
 */
export function fail(
  c: Context,
  code: ErrorCode,
  message: string,
  issues: readonly Issue[] = [],
): Response | Promise<Response> {
  const { status } = errors[code];
  if (c.req.path.startsWith("/api/")) return c.json({ error: { code, message, issues } }, status);
  c.status(status);
  return c.render(<Failure status={status} message={message} issues={issues} />, { title: message });
}
