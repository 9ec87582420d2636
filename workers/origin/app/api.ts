import { Hono } from "hono";
import type { AppEnv } from "./env.ts";
import { fail } from "./fail.tsx";
import { commentInput, pageInput, postInput, read } from "./input.ts";
import { badInput, readJson, requireJson } from "./json.ts";
import { createComment, findPost, insertPost, listPosts } from "./posts.ts";
import { idPath, noSuchPost } from "./paths.ts";

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

api.post("/", async (c) => {
  const input = await readJson(c, postInput);
  if (!input.ok) return badInput(c, input.issues);
  const post = await insertPost(c.env.DB, input.value, new Date(c.env.NOW_MS)).get();
  return c.json(post, 201, { Location: `/api/posts/${post.id}` });
});

api.post(`${idPath}/comments`, async (c) => {
  const input = await readJson(c, commentInput);
  if (!input.ok) return badInput(c, input.issues);
  const comment = await createComment(c.env.DB, Number(c.req.param("id")), input.value, new Date(c.env.NOW_MS));
  return comment === null ? fail(c, "not-found", noSuchPost) : c.json(comment, 201);
});
