import { type Context, Hono } from "hono";
import type * as v from "valibot";
import type { AppEnv } from "./env.ts";
import { fail } from "./fail.tsx";
import { commentInput, pageInput, postInput, read, type Reading } from "./input.ts";
import { createComment, createPost, findPost, listPosts } from "./posts.ts";
import { idPath, noSuchPost } from "./paths.ts";

/** The posts as JSON. */
export const api = new Hono<AppEnv>();

// A form of another site can send text, but not `application/json` without asking first (CORS), and nobody here says yes.
api.on("POST", "*", async (c, next) => {
  const type = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") return fail(c, "unsupported-media-type", "The body must be application/json.");
  return next();
});

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
  const post = await createPost(c.env.DB, input.value, new Date());
  return c.json(post, 201, { Location: `/api/posts/${post.id}` });
});

api.post(`${idPath}/comments`, async (c) => {
  const input = await readJson(c, commentInput);
  if (!input.ok) return badInput(c, input.issues);
  const comment = await createComment(c.env.DB, Number(c.req.param("id")), input.value, new Date());
  return comment === null ? fail(c, "not-found", noSuchPost) : c.json(comment, 201);
});

const badInput = (c: Context<AppEnv>, issues: Parameters<typeof fail>[3]) =>
  fail(c, "bad-request", "The input is not as it must be.", issues);

async function readJson<Schema extends v.GenericSchema>(
  c: Context<AppEnv>,
  schema: Schema,
): Promise<Reading<v.InferOutput<Schema>>> {
  try {
    return read(schema, await c.req.json());
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, issues: [{ path: "", message: "The body is not JSON." }] };
    throw error;
  }
}
