import { and, asc, eq, gt, inArray, lte, ne, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { TokenTimes } from "../../../../shared/http/session-lifetime.ts";
import { limits } from "../../../../shared/kernel/limits.ts";
import { sessions, sessionTokens } from "../schema.ts";

/** What a session keeps; empty text is nothing. */
export interface Kept {
  readonly name: string;
  readonly draftTitle: string;
  readonly draftBody: string;
}

/** A session with the token by which it was found. Times are milliseconds since 1970. */
export interface Held extends Kept, TokenTimes {
  readonly startedMs: number;
  readonly hash: string;
}

/** A token that is to be issued, by its hash. */
export interface Issue extends TokenTimes {
  readonly hash: string;
  /** How long the session's other tokens are still good for, in milliseconds. */
  readonly graceMs: number;
}

const { hash, sessionId, issuedMs, expiresMs } = sessionTokens;

/**
 * The session to which a token leads.
 *
 * @returns `undefined` when the token is unknown, replaced or past its end.
 */
export function findSession(db: D1Database, tokenHash: string, nowMs: number): Promise<Held | undefined> {
  const { name, draftTitle, draftBody, startedMs } = sessions;
  return drizzle(db)
    .select({ name, draftTitle, draftBody, startedMs, hash, issuedMs, expiresMs })
    .from(sessionTokens)
    .innerJoin(sessions, eq(sessions.id, sessionId))
    .where(and(eq(hash, tokenHash), gt(expiresMs, nowMs)))
    .get();
}

/**
 * Stores a new session with its first token. The oldest expired sessions go in the same transaction, some with each new
 * one; so there are never more than have begun within the life of a session, and nothing else has to sweep.
 */
export async function createSession(db: D1Database, kept: Partial<Kept>, first: Omit<Issue, "graceMs">): Promise<void> {
  const query = drizzle(db);
  const id = crypto.randomUUID();
  const expired = query
    .select({ id: sessions.id })
    .from(sessions)
    .where(lte(sessions.expiresMs, first.issuedMs))
    .orderBy(asc(sessions.expiresMs))
    .limit(limits.expiredSessionsDeleted);
  await query.batch([
    query.insert(sessions).values({ ...kept, id, startedMs: first.issuedMs, expiresMs: first.expiresMs }),
    query.insert(sessionTokens).values({ ...first, sessionId: id }),
    query.delete(sessions).where(inArray(sessions.id, expired)),
  ]);
}

/** Deletes the session to which a token leads, with all its tokens. */
export async function deleteSession(db: D1Database, tokenHash: string, nowMs: number): Promise<void> {
  await drizzle(db)
    .delete(sessions)
    .where(inArray(sessions.id, sessionIdOf(db, tokenHash, nowMs)));
}

/**
 * The statements that change a session: run them as one batch, whose first result is empty when the token no longer
 * leads to a session. With `issue` there are more; the second result is then empty when another request was quicker to
 * issue a token, and this one must not be given away.
 *
 * Each asks for the token again, at the primary and in the transaction: what was read before may have passed.
 */
export function changeStatements(
  db: D1Database,
  held: Held,
  change: Partial<Kept>,
  issue: Issue | null,
  nowMs: number,
) {
  const end = issue === null ? {} : { expiresMs: issue.expiresMs };
  const update = drizzle(db)
    .update(sessions)
    .set({ ...change, ...end })
    .where(inArray(sessions.id, sessionIdOf(db, held.hash, nowMs)))
    .returning({ id: sessions.id });
  return [update, ...(issue === null ? [] : issueStatements(db, held.hash, issue))] as const;
}

/** Issue, then shorten the life of the session's other tokens, then drop those that are past it. */
function issueStatements(db: D1Database, oldHash: string, { graceMs, ...issue }: Issue) {
  const query = drizzle(db);
  const graceEndMs = issue.issuedMs + graceMs;
  const token = query
    .select({
      hash: sql<string>`${issue.hash}`.as("hash"),
      sessionId,
      issuedMs: sql<number>`${issue.issuedMs}`.as("issued_at"),
      expiresMs: sql<number>`${issue.expiresMs}`.as("expires_at"),
    })
    .from(sessionTokens)
    .where(and(eq(hash, oldHash), gt(expiresMs, graceEndMs)));
  const isSibling = and(inArray(sessionId, sessionIdOf(db, issue.hash, issue.issuedMs)), ne(hash, issue.hash));
  const returned = { id: sessionId };
  return [
    query.insert(sessionTokens).select(token).returning(returned),
    query
      .update(sessionTokens)
      .set({ expiresMs: sql`min(${expiresMs}, ${graceEndMs})` })
      .where(isSibling)
      .returning(returned),
    query
      .delete(sessionTokens)
      .where(and(isSibling, lte(expiresMs, issue.issuedMs)))
      .returning(returned),
  ] as const;
}

/** The id of the session to which a token leads, as a part of a statement. */
const sessionIdOf = (db: D1Database, tokenHash: string, nowMs: number) =>
  drizzle(db)
    .select({ id: sessionId })
    .from(sessionTokens)
    .where(and(eq(hash, tokenHash), gt(expiresMs, nowMs)));
