import type { Context, MiddlewareHandler } from "hono";
import type * as v from "valibot";
import type { AppEnv } from "./env.ts";
import { fail } from "./fail.tsx";
import { read, type Reading } from "./input.ts";

/**
 * Refuses a body that is not `application/json` with a 415. A form of another site can send text, but not this type without
 * asking first (CORS), and nobody here says yes.
 */
export const requireJson: MiddlewareHandler<AppEnv> = async (c, next) => {
  const type = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") return fail(c, "unsupported-media-type", "The body must be application/json.");
  return next();
};

/** Reads the body of a request against `schema`. */
export async function readJson<Schema extends v.GenericSchema>(
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

/** Answers 400 with everything that is wrong with the input. */
export const badInput = (c: Context<AppEnv>, issues: Parameters<typeof fail>[3]) =>
  fail(c, "bad-request", "The input is not as it must be.", issues);
