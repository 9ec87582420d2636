import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** The tables as drizzle sees them; `migrations.ts` makes them. */
export const posts = sqliteTable("posts", {
  id: integer().primaryKey(),
  title: text().notNull(),
  body: text().notNull(),
  createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
});

export const comments = sqliteTable("comments", {
  id: integer().primaryKey(),
  postId: integer("post_id")
    .notNull()
    .references(() => posts.id),
  body: text().notNull(),
  createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
});
