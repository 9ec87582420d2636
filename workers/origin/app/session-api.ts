import { Hono } from "hono";
import type { AppEnv } from "./env.ts";
import { draftInput, nameInput } from "./input.ts";
import { badInput, readJson, requireJson } from "./json.ts";
import { forget, keepDraft, keepName, readSession } from "./session/session.ts";

/** The visitor's session as JSON: `{"name", "draft"}`, each of which may be `null`. */
export const sessionApi = new Hono<AppEnv>();

// What is told depends on who asks, also where no database is asked because he has no cookie.
sessionApi.use(async (c, next) => {
  c.header("Cache-Control", "no-store");
  return next();
});
sessionApi.on("PUT", "*", requireJson);

sessionApi.get("/", async (c) => c.json((await readSession(c)) ?? { name: null, draft: null }));

sessionApi.put("/", async (c) => {
  const input = await readJson(c, nameInput);
  return input.ok ? c.json(await keepName(c, input.value.name)) : badInput(c, input.issues);
});

sessionApi.put("/draft", async (c) => {
  const input = await readJson(c, draftInput);
  return input.ok ? c.json(await keepDraft(c, input.value)) : badInput(c, input.issues);
});

sessionApi.delete("/", async (c) => {
  await forget(c);
  return c.body(null, 204);
});
