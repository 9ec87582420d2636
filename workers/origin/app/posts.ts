import { desc, eq, lt } from "drizzle-orm";
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

/** The statement that stores a comment. Where there is no such post it fails, and `isNoSuchPost` tells. */
export function insertComment(db: D1Database, postId: number, { body }: CommentInput, createdAt: Date) {
  return drizzle(db).insert(comments).values({ postId, body, createdAt });
}

/** Whether an error says that the post of a comment does not exist. */
export function isNoSuchPost(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return String(cause).includes("FOREIGN KEY constraint failed");
}
