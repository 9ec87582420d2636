import { limits } from "../../shared/kernel/limits.ts";
import { isNotRunning } from "../binding.ts";
import { setFaults } from "../fault-port.ts";
import { challenges, isAdmin } from "./auth.ts";
import type { FrontEnv } from "./env.ts";
import { livez, readyz } from "./health.ts";
import { refuse, reply } from "./reply.ts";
import { fieldsForNextHop } from "./site.ts";
import { bodyIn } from "./upload.ts";

/**
 * Everything under `/_trefoil/`: two public words about the front's health; the rest is control's, and open to the admin
 * only. Whoever has no credential learns nothing, not even what there is.
 */
export async function serveTrefoil(request: Request, url: URL, env: FrontEnv, requestId: string): Promise<Response> {
  if (url.pathname === "/_trefoil/livez") return livez();
  if (url.pathname === "/_trefoil/readyz") return readyz(env);
  if (await isAdmin(request, env.ADMIN_TOKEN)) return askControl(request, url, env, requestId);
  const message = "Send the admin token, as Bearer or as the password of the user admin.";
  return refuse(request, requestId, { code: "unauthorized", title: "A credential is needed", message }, challenges);
}

/** Control trusts its caller: the credential stays here, and the front says whether faults may be injected. */
async function askControl(request: Request, url: URL, env: FrontEnv, requestId: string): Promise<Response> {
  const headers = fieldsForNextHop(request, url, requestId);
  headers.delete("Authorization");
  headers.set("X-Trefoil-Faults", env.FAULTS);
  const { method } = request;
  const body = bodyIn(request);
  const signal = AbortSignal.timeout(limits.controlMs);
  try {
    const answer = await env.CONTROL.fetch(url, { method, headers, body, signal, redirect: "manual" });
    if (await isNotRunning(answer, signal)) return refuse(request, requestId, absent);
    if (env.FAULTS === "on" && method !== "GET") setFaults(await env.CONTROL.faults());
    return reply(answer, null);
  } catch (error) {
    console.warn({ message: "control failed", error: String(error) });
    return refuse(request, requestId, signal.aborted ? tooLate : failed);
  }
}

const absent = {
  code: "not-running",
  title: "Control is not running",
  message: "The admin API and its page belong to the Worker control. This starts the whole site:",
  command: "npm start",
} as const;

const failed = {
  code: "server-failed",
  title: "Control failed",
  message: "The site itself does not depend on it. Its log tells why.",
} as const;

const tooLate = {
  code: "deadline-exceeded",
  title: "Control takes too long",
  message: "The site itself does not depend on it.",
} as const;
