import { getCookie } from "hono/cookie";
import { idempotency } from "../server/idempotency.ts";
import type { AppEnv } from "./env.ts";

/**
 * Makes a route safe to ask again: what is written goes through `commit`, once for each `Idempotency-Key`. A key belongs
 * to the visitor who sent it, as his session does; here his cookie stands for him.
 */
export const idempotent = idempotency<AppEnv>({ caller: (c) => getCookie(c, "trefoil_session") });
