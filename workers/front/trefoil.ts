import { limits } from "../../shared/kernel/limits.ts";
import { isNotRunning } from "../common/binding.ts";
import { setFaults } from "../common/fault-port.ts";
import { challenges, isAdmin } from "./auth.ts";
import { asItIs, takeAnswer } from "./download.ts";
import type { FrontEnv } from "./env.ts";
import { livez, readyz } from "./health.ts";
import { Patience } from "./patience.ts";
import { refuse, reply } from "./reply.ts";
import { fieldsForNextHop } from "./site.ts";
import { bodyIn } from "./upload.ts";

/**
 * Everything under `/_trefoil/`: two public words about the front's health; the rest is control's, and open to the admin
 * only. Whoever has no credential learns nothing, not even what there is.
 */
export async function serveTrefoil(request: Request, url: URL, env: FrontEnv, requestId: string): Promise<Response> {
  const word = words.get(url.pathname);
  if (word !== undefined)
    return isRead(request) ? word(env) : refuse(request, requestId, readOnly, { fields: allowed });
  if (await isAdmin(request, env.ADMIN_TOKEN)) return askControl(request, url, env, requestId);
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
  message: "The front's health can be read by GET.",
} as const;

/** Control trusts its caller: the credential stays here, and the front says whether faults may be injected. */
async function askControl(request: Request, url: URL, env: FrontEnv, requestId: string): Promise<Response> {
  const headers = fieldsForNextHop(request, url, requestId);
  headers.delete("Authorization");
  headers.set("X-Trefoil-Faults", env.FAULTS);
  const patience = new Patience({ client: limits.controlMs, server: limits.controlMs });
  const { signal } = patience;
  const init = { method: request.method, headers, body: bodyIn(request), signal, ...asItIs };
  try {
    const answer = await takeAnswer(await env.CONTROL.fetch(url, init));
    if (env.FAULTS === "on" && request.method !== "GET") setFaults(await env.CONTROL.faults());
    if (!isNotRunning(answer.response, answer.flow?.start))
      return await reply({ answer, patience, uploaded: null }, null);
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
