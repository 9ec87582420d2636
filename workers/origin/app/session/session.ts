import { drizzle } from "drizzle-orm/d1";
import type { Context } from "hono";
import { isDue, tokenEndMs } from "../../../../shared/http/session-lifetime.ts";
import { present } from "../../../../shared/kernel/assert.ts";
import { limits } from "../../../../shared/kernel/limits.ts";
import type { AppEnv } from "../env.ts";
import type { DraftInput, PostInput } from "../input.ts";
import { insertPost, type Post } from "../posts.ts";
import { giveToken, readToken, takeToken } from "./cookie.ts";
import { signingSecret } from "./keys.ts";
import {
  changeStatements,
  createSession,
  deleteSession,
  findSession,
  type Held,
  type Issue,
  type Kept,
} from "./store.ts";
import { hashOf, randomText } from "./token.ts";

type AppContext = Context<AppEnv>;

/** When a visitor gets a new token: at once, with an end to every other, or when his has served its time. */
type Renewal = "now" | "when due";

/** What the site remembers of a visitor. */
export interface Session {
  readonly name: string | null;
  readonly draft: DraftInput | null;
}

/**
 * The session of whoever sent the request, as a replica has it that is not behind his own writes; `null` when he has
 * none. It writes nothing, so that a visitor keeps his session while the primary is away.
 */
export async function readSession(c: AppContext): Promise<Session | null> {
  const held = await find(c, c.env.DB);
  return held === undefined ? null : shown(held);
}

/**
 * Keeps the visitor's name. With his first one he gets a new token, as with a login, and every older one ends at once:
 * somebody else may have planted it in his browser (session fixation). Another name changes nobody's rights.
 */
export const keepName = (c: AppContext, name: string): Promise<Session> =>
  keep(c, { name }, (held) => (held.name === "" ? "now" : "when due"));

/** Keeps the draft of a post, in place of the one before. */
export const keepDraft = (c: AppContext, { title, body }: DraftInput): Promise<Session> =>
  keep(c, { draftTitle: title, draftBody: body }, () => "when due");

/**
 * Stores a post and clears the visitor's draft, both or none.
 *
 * @returns the post.
 */
export async function publish(c: AppContext, input: PostInput): Promise<Post> {
  const { DB, NOW_MS } = c.env;
  const post = insertPost(DB, input, new Date(NOW_MS));
  const held = await find(c, atPrimary(DB));
  if (held === undefined) return post.get();
  const next = await nextToken(c, held, "when due");
  const noDraft = { draftTitle: "", draftBody: "" };
  const change = changeStatements(DB, held, noDraft, next?.issue ?? null, NOW_MS);
  const [stored, , issued] = await drizzle(DB).batch([post, ...change]);
  if (issued?.length) await next?.give();
  return present(stored[0], "the post that was stored");
}

/** Forgets the visitor: his session ends, and his cookie goes. */
export async function forget(c: AppContext): Promise<void> {
  const token = await readToken(c);
  if (token !== null) await deleteSession(c.env.DB, await hashOf(token), c.env.NOW_MS);
  takeToken(c);
}

async function find(c: AppContext, db: D1Database): Promise<Held | undefined> {
  const token = await readToken(c);
  return token === null ? undefined : findSession(db, await hashOf(token), c.env.NOW_MS);
}

/**
 * Before a write the session is read where it is written: a replica that lags would show none, and a second one would
 * begin. The cast is for drizzle, which asks for a whole D1 database and uses `prepare` and `batch` alone.
 */
const atPrimary = (db: D1Database): D1Database => db.withSession("first-primary") as unknown as D1Database;

/** Changes the session, or begins one if there is anything to keep. */
async function keep(c: AppContext, change: Partial<Kept>, renewal: (held: Held) => Renewal): Promise<Session> {
  const held = await find(c, atPrimary(c.env.DB));
  const isKept = held !== undefined && (await changeHeld(c, held, change, renewal(held)));
  if (isKept) return shown({ ...held, ...change });
  if (Object.values(change).some((text) => text !== "")) await begin(c, change);
  return shown({ ...empty, ...change });
}

/** @returns `false` when the session has ended meanwhile. */
async function changeHeld(c: AppContext, held: Held, change: Partial<Kept>, renewal: Renewal): Promise<boolean> {
  const { DB, NOW_MS } = c.env;
  const next = await nextToken(c, held, renewal);
  const [changed, issued] = await drizzle(DB).batch(changeStatements(DB, held, change, next?.issue ?? null, NOW_MS));
  if (issued?.length) await next?.give();
  return changed.length > 0;
}

/** The token that is to follow the one that the visitor has; `null` to leave it. */
async function nextToken(c: AppContext, held: Held, renewal: Renewal) {
  if (renewal === "now") return prepareToken(c, held.startedMs, 0);
  return isDue(held, c.env.NOW_MS) ? prepareToken(c, held.startedMs, limits.sessionGraceMs) : null;
}

async function begin(c: AppContext, change: Partial<Kept>): Promise<void> {
  const { issue, give } = await prepareToken(c, c.env.NOW_MS, 0);
  await createSession(c.env.DB, change, issue);
  await give();
}

/** A token that is yet to be stored, and then to be given to the visitor. What can fail comes first. */
async function prepareToken(c: AppContext, startedMs: number, graceMs: number) {
  const { DB, NOW_MS } = c.env;
  const token = randomText();
  const secret = await signingSecret(DB, NOW_MS);
  const expiresMs = tokenEndMs(startedMs, NOW_MS);
  const issue: Issue = { hash: await hashOf(token), issuedMs: NOW_MS, expiresMs, graceMs };
  return { issue, give: () => giveToken(c, token, secret, expiresMs) };
}

const empty: Kept = { name: "", draftTitle: "", draftBody: "" };

function shown({ name, draftTitle: title, draftBody: body }: Kept): Session {
  return { name: name || null, draft: title === "" && body === "" ? null : { title, body } };
}
