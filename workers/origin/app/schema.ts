import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** The tables as drizzle sees them; the files in `migrations` make them. */
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

/** What the site keeps for a visitor; empty text is nothing. Times are milliseconds since 1970. */
export const sessions = sqliteTable("sessions", {
  id: text().primaryKey(),
  name: text().notNull().default(""),
  draftTitle: text("draft_title").notNull().default(""),
  draftBody: text("draft_body").notNull().default(""),
  startedMs: integer("started_at").notNull(),
  /** Not before any of its tokens ends. */
  expiresMs: integer("expires_at").notNull(),
});

/** What leads to a session. The token itself stands in the visitor's cookie and nowhere else. */
export const sessionTokens = sqliteTable("session_tokens", {
  /** SHA-256 of the token, in hexadecimal digits. */
  hash: text().primaryKey(),
  sessionId: text("session_id")
    .notNull()
    .references(() => sessions.id, { onDelete: "cascade" }),
  issuedMs: integer("issued_at").notNull(),
  expiresMs: integer("expires_at").notNull(),
});

/** What signs the cookies, for all servers. */
export const sessionKeys = sqliteTable("session_keys", {
  id: integer().primaryKey(),
  secret: text().notNull(),
  createdMs: integer("created_at").notNull(),
});
