import { desc, eq, lt, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { limits } from "../../../shared/kernel/limits.ts";
import type { CommentInput, PageInput, PostInput } from "./input.ts";
import { comments, posts } from "./schema.ts";

export type Post = typeof posts.$inferSelect;
export type Comment = Pick<typeof comments.$inferSelect, "id" | "body" | "createdAt">;

const comment = { id: comments.id, body: comments.body, createdAt: comments.createdAt };

/** The newest posts, or those before the post `before`; the newest first. */
export function listPosts(db: D1Database, { limit, before }: PageInput): Promise<Post[]> {
  const older = before === undefined ? undefined : lt(posts.id, before);
  return drizzle(db).select().from(posts).where(older).orderBy(desc(posts.id)).limit(limit);
}

/** A post with its newest comments, read in one batch and so at one moment; `null` when there is no such post. */
export async function findPost(db: D1Database, id: number): Promise<(Post & { comments: Comment[] }) | null> {
  const query = drizzle(db);
  const [found, itsComments] = await query.batch([
    query.select().from(posts).where(eq(posts.id, id)),
    query
      .select(comment)
      .from(comments)
      .where(eq(comments.postId, id))
      .orderBy(desc(comments.id))
      .limit(limits.commentsShown),
  ]);
  return found[0] === undefined ? null : { ...found[0], comments: itsComments };
}

/** The statement that stores a post and returns it: run it, or let it be part of a batch. */
export function insertPost(db: D1Database, input: PostInput, createdAt: Date) {
  return drizzle(db)
    .insert(posts)
    .values({ ...input, createdAt })
    .returning();
}

/**
 * Stores a comment; `null` when there is no such post. One statement asks for the post and stores the comment, at the
 * primary: a replica may not know a post yet that the reader has seen elsewhere.
 */
export async function createComment(
  db: D1Database,
  postId: number,
  { body }: CommentInput,
  createdAt: Date,
): Promise<Comment | null> {
  const query = drizzle(db);
  const forThePost = query
    .select({
      id: sql<number>`null`.as("id"),
      postId: posts.id,
      body: sql<string>`${body}`.as("body"),
      createdAt: sql<Date>`${createdAt.getTime()}`.as("created_at"),
    })
    .from(posts)
    .where(eq(posts.id, postId));
  const [stored] = await query.insert(comments).select(forThePost).returning(comment);
  return stored ?? null;
}
