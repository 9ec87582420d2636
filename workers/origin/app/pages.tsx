import { type Context, Hono } from "hono";
import type { AppEnv } from "./env.ts";
import { fail } from "./fail.tsx";
import { commentInput, pageInput, postInput, read } from "./input.ts";
import { idPath, noSuchPost } from "./paths.ts";
import { findPost, insertComment, isNoSuchPost, listPosts } from "./posts.ts";
import { readForm } from "./read-form.ts";
import { publish, readSession } from "./session/session.ts";
import { blank, type Filled } from "./view/form.tsx";
import { PostPage } from "./view/post.tsx";
import { PostList, RefusedPost } from "./view/posts.tsx";

/** The posts as pages. A form that is taken answers 303, so that reloading the page does not send it again. */
export const pages = new Hono<AppEnv>();

pages.get("/", async (c) => {
  const page = read(pageInput, c.req.query());
  if (!page.ok) return fail(c, "bad-request", "There is no such page.", page.issues);
  const [posts, session] = await Promise.all([listPosts(c.env.DB, page.value), readSession(c)]);
  const last = posts.length === page.value.limit ? posts.at(-1) : undefined;
  return c.render(<PostList posts={posts} olderThan={last?.id ?? null} session={session} />, { title: "Posts" });
});

pages.post("/", async (c) => {
  const values = await readForm(c);
  const input = read(postInput, values);
  if (input.ok) {
    const post = await publish(c, input.value);
    return c.redirect(`/posts/${post.id}`, 303);
  }
  c.status(400);
  return c.render(<RefusedPost filled={{ values, issues: input.issues }} />, { title: "New post" });
});

pages.get(idPath, (c) => renderPost(c, blank));

pages.post(`${idPath}/comments`, async (c) => {
  const values = await readForm(c);
  const input = read(commentInput, values);
  if (!input.ok) {
    c.status(400);
    return renderPost(c, { values, issues: input.issues });
  }
  const id = Number(c.req.param("id"));
  try {
    await insertComment(c.env.DB, id, input.value, new Date(c.env.NOW_MS));
  } catch (error) {
    if (isNoSuchPost(error)) return fail(c, "not-found", noSuchPost);
    throw error;
  }
  return c.redirect(`/posts/${id}#comments`, 303);
});

async function renderPost(c: Context<AppEnv>, filled: Filled): Promise<Response> {
  const post = await findPost(c.env.DB, Number(c.req.param("id")));
  if (post === null) return fail(c, "not-found", noSuchPost);
  return c.render(<PostPage post={post} filled={filled} />, { title: post.title });
}
