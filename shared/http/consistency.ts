import type { Bookmark } from "../kernel/brand.ts";

/** The read levels of the `Trefoil-Consistency` field. */
export const consistencies = ["any", "session", "primary", "linearizable"] as const;

/** How fresh the reads of a request must be. */
export type Consistency = (typeof consistencies)[number];

/**
 * Reads the `Trefoil-Consistency` of a request.
 *
 * @param field the field as it came, `null` when absent.
 * @returns the level, `session` unless the request names one; `null` for a level that does not exist.
 */
export function parseConsistency(field: string | null): Consistency | null {
  if (field === null) return "session";
  return consistencies.find((level) => level === field.trim().toLowerCase()) ?? null;
}

/** A bookmark, or a keyword: any replica will do, or the primary for every statement. */
type SessionStart = Bookmark | "first-unconstrained" | "primary";

/**
 * Where a session's reads begin, in the terms of `withSession`. To read everything that anybody has written before, and
 * not only what the visitor has, the primary is asked each time.
 *
 * @param own how far the visitor has written, `null` if he has not.
 */
export function sessionStart(level: Consistency, own: Bookmark | null): SessionStart {
  if (level === "primary" || level === "linearizable") return "primary";
  return level === "session" && own !== null ? own : "first-unconstrained";
}
