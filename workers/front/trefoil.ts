import { limits } from "../../shared/kernel/limits.ts";
import { isNotRunning } from "../common/binding.ts";
import { setFaults } from "../common/fault-port.ts";
import { fieldsForNextHop } from "./arrival.ts";
import { challenges, isAdmin } from "./auth.ts";
import { control } from "./balancer.ts";
import { asItIs, takeAnswer } from "./download.ts";
import type { FrontEnv } from "./env.ts";
import { explainPath, explainRequest } from "./explain.ts";
import { livez, readyz } from "./health.ts";
import { Patience } from "./patience.ts";
import { refuse, reply } from "./reply.ts";
import type { Visit } from "./visit.ts";

/**
 * Everything under `/_trefoil/`: two public words about the front's health; the rest is control's, and open to the admin
 * only. Whoever has no credential learns nothing, not even what there is.
 */
export async function serveTrefoil(visit: Visit, env: FrontEnv, ctx: ExecutionContext): Promise<Response> {
  const { request, url, requestId } = visit;
  const word = words.get(url.pathname);
  if (word !== undefined)
    return isRead(request) ? word(env) : refuse(request, requestId, readOnly, { fields: allowed });
  if (await isAdmin(request, env.ADMIN_TOKEN)) return answerAdmin(visit, env, ctx);
  const message = "Send the admin token, as Bearer or as the password of the user admin.";
  return refuse(
    request,
    requestId,
    { code: "unauthorized", title: "A credential is needed", message },
    { fields: challenges },
  );
}

const words = new Map<string, (env: FrontEnv) => Response | Promise<Response>>([
  ["/_trefoil/livez", livez],
  ["/_trefoil/readyz", readyz],
]);

const isRead = ({ method }: Request) => method === "GET" || method === "HEAD";

const allowed = { Allow: "GET, HEAD" };

const readOnly = {
  code: "method-not-allowed",
  title: "There is nothing to change here",
  message: "It can be read by GET.",
} as const;

/** What only an isolate of the front can know it says itself; the rest is control's. */
async function answerAdmin(visit: Visit, env: FrontEnv, ctx: ExecutionContext): Promise<Response> {
  const { request, url, requestId } = visit;
  if (url.pathname !== explainPath) return askControl(visit, env);
  if (!isRead(request)) return refuse(request, requestId, readOnly, { fields: allowed });
  const nowMs = Date.now();
  await control.freshen(env, ctx, nowMs);
  const explained = explainRequest(url, nowMs);
  if (explained.ok) return Response.json(explained.value, { headers: { "Cache-Control": "no-store" } });
  return refuse(request, requestId, { ...explained, title: "The question is not understood" });
}

/** Control trusts its caller: the credential stays here, and the front says whether faults may be injected. */
async function askControl(visit: Visit, env: FrontEnv): Promise<Response> {
  const { request, method, url, upload, requestId } = visit;
  const { headers } = fieldsForNextHop(visit);
  headers.delete("Authorization");
  headers.set("X-Trefoil-Faults", env.FAULTS);
  const patience = new Patience({ client: limits.controlMs, server: limits.controlMs });
  const init = { method, headers, body: upload, signal: patience.signal, ...asItIs };
  try {
    const answer = await takeAnswer(env.CONTROL.fetch(url, init));
    if (env.FAULTS === "on" && method !== "GET") setFaults(await env.CONTROL.faults());
    if (!isNotRunning(answer.response, answer.flow?.start))
      return reply({ answer, patience, uploaded: null, visit }, null);
    patience.end();
    return refuse(request, requestId, absent);
  } catch (error) {
    patience.end();
    console.warn({ message: "control failed", error: String(error) });
    return refuse(request, requestId, patience.late === null ? failed : tooLate);
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
