import { asc, exists, gt, lt, lte, max, not, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import {
  isFresh,
  needsKey,
  type SigningKey,
  signingKey,
  soleSignerSinceMs,
} from "../../../../shared/http/session-lifetime.ts";
import { present } from "../../../../shared/kernel/assert.ts";
import { limits } from "../../../../shared/kernel/limits.ts";
import { sessionKeys } from "../schema.ts";
import { randomText } from "./token.ts";

/** The keys as this isolate knows them, the oldest first. */
let known: readonly SigningKey[] = [];
let loadedMs = Number.NEGATIVE_INFINITY;

/**
 * The keys that may have signed a cookie which is still good.
 *
 * @param maxAgeMs how long ago they may have been loaded; without any key they are looked up each time.
 */
export async function keysOf(db: D1Database, nowMs: number, maxAgeMs: number): Promise<readonly SigningKey[]> {
  if (known.length > 0 && isFresh(loadedMs, nowMs, maxAgeMs)) return known;
  return remember(await drizzle(db).select().from(sessionKeys).orderBy(asc(sessionKeys.id)), nowMs);
}

/** The secret to sign a cookie with. Makes a key at the primary when there is none, or the newest has served its time. */
export async function signingSecret(db: D1Database, nowMs: number): Promise<string> {
  const keys = await keysOf(db, nowMs, limits.sessionKeyCacheMs);
  const enough = needsKey(keys, nowMs) ? await makeKey(db, nowMs) : keys;
  return present(signingKey(enough, nowMs), "the key that was made").secret;
}

/** One transaction makes a key, unless another server has, and drops those that no living cookie needs: all servers agree. */
async function makeKey(db: D1Database, nowMs: number): Promise<readonly SigningKey[]> {
  const query = drizzle(db);
  const young = query
    .select()
    .from(sessionKeys)
    .where(gt(sessionKeys.createdMs, nowMs - limits.sessionKeyMs));
  const secret = randomText();
  const made = query
    .select({
      id: sql<number>`null`.as("id"),
      secret: sql<string>`${secret}`.as("secret"),
      createdMs: sql<number>`${nowMs}`.as("created_at"),
    })
    .from(sql`(select 1)`)
    .where(not(exists(young)));
  const soleSigner = query
    .select({ id: max(sessionKeys.id) })
    .from(sessionKeys)
    .where(lte(sessionKeys.createdMs, soleSignerSinceMs(nowMs)));
  const [, , keys] = await query.batch([
    query.insert(sessionKeys).select(made),
    query.delete(sessionKeys).where(lt(sessionKeys.id, soleSigner)),
    query.select().from(sessionKeys).orderBy(asc(sessionKeys.id)),
  ]);
  return remember(keys, nowMs);
}

function remember(keys: readonly SigningKey[], nowMs: number): readonly SigningKey[] {
  [known, loadedMs] = [keys, nowMs];
  return keys;
}
