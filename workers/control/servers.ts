import * as v from "valibot";
import { type Change, type Servers, stateChangeSchema, weightChangeSchema } from "../../shared/admin/servers.ts";
import type { AdminChange } from "../../shared/balance/admin-state.ts";
import { failure } from "../../shared/kernel/error.ts";
import { explain } from "../../shared/kernel/explain.ts";
import type { Outcome } from "./database.ts";
import { controlOf, type ControlEnv } from "./env.ts";

/** The addresses of the servers' states, and of HAProxy's words for the same. */
export const serversPath = "/_trefoil/api/servers";
export const statePath = `${serversPath}/:pool/:server/state`;
export const weightPath = `${serversPath}/:pool/:server/weight`;
export const runtimePath = "/_trefoil/api/runtime";

/** All servers as they are now. */
export const readServers = async (env: ControlEnv): Promise<Servers> => controlOf(env).servers();

/** Which server is changed, as the path of the request says. */
interface Named {
  readonly pool: string;
  readonly server: string;
}

/**
 * Makes a server ready, has it drain, or takes it out.
 *
 * @param input what the client sent: `{"state": "drain", "forMs": 1800000}`.
 */
export async function changeState(env: ControlEnv, named: Named, input: unknown): Promise<Outcome<Change>> {
  const parsed = v.safeParse(stateChangeSchema, input);
  if (!parsed.success) return failure("bad-request", parsed.issues.map(explain).join("; "));
  const { state, forMs = null } = parsed.output;
  return change(env, named, { type: "state", state, forMs });
}

/**
 * Gives a server another weight.
 *
 * @param input what the client sent: `{"weight": 50}`.
 */
export async function changeWeight(env: ControlEnv, named: Named, input: unknown): Promise<Outcome<Change>> {
  const parsed = v.safeParse(weightChangeSchema, input);
  if (!parsed.success) return failure("bad-request", parsed.issues.map(explain).join("; "));
  return change(env, named, { type: "weight", weight: parsed.output.weight });
}

async function change(env: ControlEnv, { pool, server }: Named, wanted: AdminChange): Promise<Outcome<Change>> {
  const value = await controlOf(env).change(pool, server, wanted);
  return value === null ? failure("not-found", `There is no server ${pool}/${server}.`) : { ok: true, value };
}

/** Runs commands of HAProxy's Runtime API. */
export const runRuntime = async (env: ControlEnv, commands: string): Promise<string> =>
  controlOf(env).runtime(commands);
