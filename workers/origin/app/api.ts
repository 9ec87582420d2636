import { Hono } from "hono";
import type { AppEnv } from "./env.ts";
import { fail } from "./fail.tsx";
import { idempotent } from "./idempotent.ts";
import { commentInput, pageInput, postInput, read } from "./input.ts";
import { badInput, readJson, requireJson } from "./json.ts";
import { idPath, noSuchPost } from "./paths.ts";
import { findPost, insertComment, insertPost, isNoSuchPost, listPosts } from "./posts.ts";

/** The posts as JSON. */
export const api = new Hono<AppEnv>();

api.on("POST", "*", requireJson);

api.get("/", async (c) => {
  const page = read(pageInput, c.req.query());
  if (!page.ok) return badInput(c, page.issues);
  return c.json(await listPosts(c.env.DB, page.value));
});

api.get(idPath, async (c) => {
  const post = await findPost(c.env.DB, Number(c.req.param("id")));
  return post === null ? fail(c, "not-found", noSuchPost) : c.json(post);
});

api.post(
  "/",
  idempotent(async (c, commit) => {
    const input = await readJson(c, postInput);
    if (!input.ok) return badInput(c, input.issues);
    const createdAt = new Date(c.env.NOW_MS);
    return commit([insertPost(c.env.DB, input.value, createdAt)], (id) =>
      c.json({ id, ...input.value, createdAt }, 201, { Location: `/api/posts/${id}` }),
    );
  }),
);

api.post(
  `${idPath}/comments`,
  idempotent(async (c, commit) => {
    const input = await readJson(c, commentInput);
    if (!input.ok) return badInput(c, input.issues);
    const createdAt = new Date(c.env.NOW_MS);
    const comment = insertComment(c.env.DB, Number(c.req.param("id")), input.value, createdAt);
    try {
      return await commit([comment], (id) => c.json({ id, ...input.value, createdAt }, 201));
    } catch (error) {
      if (isNoSuchPost(error)) return fail(c, "not-found", noSuchPost);
      throw error;
    }
  }),
);
