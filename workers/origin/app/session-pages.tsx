import { Hono } from "hono";
import type { AppEnv } from "./env.ts";
import { draftInput, nameInput, read } from "./input.ts";
import { readForm } from "./read-form.ts";
import { forget, keepDraft, keepName } from "./session/session.ts";
import { RefusedPost } from "./view/posts.tsx";
import { RefusedName } from "./view/visitor.tsx";

/** The forms by which a visitor changes his session. One that is taken leads back to the posts. */
export const sessionPages = new Hono<AppEnv>();

sessionPages.post("/", async (c) => {
  const values = await readForm(c);
  const input = read(nameInput, values);
  if (input.ok) {
    await keepName(c, input.value.name);
    return c.redirect("/posts", 303);
  }
  c.status(400);
  return c.render(<RefusedName filled={{ values, issues: input.issues }} />, { title: "Your name" });
});

sessionPages.post("/draft", async (c) => {
  const values = await readForm(c);
  const input = read(draftInput, values);
  if (input.ok) {
    await keepDraft(c, input.value);
    return c.redirect("/posts#new-post", 303);
  }
  c.status(400);
  return c.render(<RefusedPost filled={{ values, issues: input.issues }} />, { title: "New post" });
});

sessionPages.post("/end", async (c) => {
  await forget(c);
  return c.redirect("/posts", 303);
});
