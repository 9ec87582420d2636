import type { Context } from "hono";
import type { AppEnv } from "./env.ts";

/** The fields of a form that was posted. One that is malformed has none, and is refused for what it lacks. */
export async function readForm(c: Context<AppEnv>): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await c.req.parseBody();
  } catch (error) {
    if (error instanceof TypeError) return {};
    throw error;
  }
}
