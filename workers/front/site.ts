import site from "#site";
import { type Binding, bindingOf } from "../../shared/balance/binding.ts";
import type { Pool } from "../../shared/balance/pool.ts";
import type { RouteConfig } from "../../shared/config/site.ts";
import { rateLimitFields } from "../../shared/firewall/rate-limit-fields.ts";
import { admit } from "../../shared/http/admission.ts";
import {
  type Affinity,
  dropAffinityCookie,
  setAffinityCookie,
  takeAffinityCookie,
} from "../../shared/http/affinity-cookie.ts";
import type { Keyed } from "../../shared/http/client-key.ts";
import { present } from "../../shared/kernel/assert.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { fieldsForNextHop } from "./arrival.ts";
import { anySticky, control, type Route, routeOf } from "./balancer.ts";
import { dispatch, type Task } from "./dispatch.ts";
import { mustWait } from "./download.ts";
import type { FrontEnv } from "./env.ts";
import { Patience } from "./patience.ts";
import { elsewhere, tooMany, turnedAway, unanswered } from "./refusals.ts";
import { reply } from "./reply.ts";
import type { Ending, Visit } from "./visit.ts";

/** The way of a request to the site: admit, route to a pool, pick a server, dispatch, reply. */
export async function serveSite(visit: Visit, env: FrontEnv, ctx: ExecutionContext): Promise<Response> {
  const { request, method, url, pathname, protocol, clientAddress, startMs } = visit;
  const { headers, headerBytes } = fieldsForNextHop(visit);
  const admission = admit({ method, url: request.url, headerBytes }, headers);
  if (admission !== "forward") return turnedAway(visit, admission);
  const stale = control.freshen(env, ctx, startMs);
  if (stale !== null) await stale;
  const route = routeOf({ hostname: url.hostname, pathname }, method, headers);
  const keyed = { clientAddress, pathname, fields: headers };
  const rate = route.takeRate(keyed, startMs);
  const isAllowed = rate === null || rate.allowed;
  const served = isAllowed ? await serveRoute(route, keyed, visit, env, ctx) : { response: tooMany(visit, rate) };
  const { response, affinity = null } = served;
  if (rate !== null) for (const [name, value] of rateLimitFields(rate)) response.headers.set(name, value);
  route.editResponse(response.headers);
  if (affinity !== null) setAffinityCookie(response.headers, affinity, method, protocol === "https");
  return response;
}

/** What goes to the client. */
interface Served {
  readonly response: Response;
  /** To whom he is bound by it; the cookie is set when the route has changed the other fields. */
  readonly affinity?: Affinity | null;
}

function serveRoute(
  { config, pool, keyOf, editRequest }: Route,
  keyed: Keyed & { readonly fields: Headers },
  visit: Visit,
  env: FrontEnv,
  ctx: ExecutionContext,
): Served | Promise<Served> {
  if (pool === null)
    return { response: elsewhere(visit, present(config.redirect, "the redirect of a route without a pool")) };
  const { fields } = keyed;
  const key = keyOf(keyed);
  const binding = bindingOf(anySticky ? takeAffinityCookie(fields) : null, pool, visit.startMs);
  editRequest(fields);
  visit.enter(pool, binding);
  const task = {
    visit,
    headers: fields,
    pool,
    route: config,
    bound: binding.server,
    key,
    keyed: isKeyed(visit.method, fields, config),
  };
  const served = forward(task, binding, env, ctx);
  // A client who leaves would end the request where it stands, with the place that it has in a server's `maxconn`.
  ctx.waitUntil(served);
  return served;
}

/** The request goes to the pool, and what comes back to the client. Whatever happens, it is taken off all accounts. */
async function forward(task: Task, binding: Binding, env: FrontEnv, ctx: ExecutionContext): Promise<Served> {
  const { idleMs, deadlineMs } = task.route;
  const patience = new Patience({ client: idleMs, server: deadlineMs });
  const { visit } = task;
  // The runtime ends what is left of a request 30 s after its client has gone, and its timers with it: the place that it has
  // in a server's `maxconn` would be taken for ever.
  if (deadlineMs > limits.orphanMs) whenGone(visit.request.signal, () => patience.hurry(limits.orphanMs));
  try {
    const result = await dispatch(task, patience, env);
    if (result.kind !== "answer") return { response: unanswered(visit, result.kind) };
    patience.onEnd(() => {
      visit.end(endingOf(patience));
      control.reportSoon(env, ctx);
    });
    if (mustWait(result)) await result.uploaded;
    const { servedBy } = result;
    const response = reply(result, isDebug(env) ? { servedBy, durationMs: Date.now() - visit.startMs } : null);
    if (!patience.isOver) {
      ctx.waitUntil(new Promise<void>((resolve) => patience.onEnd(resolve)));
      // Nobody else sees that the client of a silent server has gone, and the server would keep its place until `idleMs` or
      // `tunnelMs` are over; or for ever, where the runtime ends the request before that, and its timers with it.
      whenGone(visit.request.signal, () => patience.leave());
    }
    if (anySticky) dropAffinityCookie(response.headers);
    return { response, affinity: bind(servedBy, task, binding) };
  } catch (error) {
    patience.end();
    throw error;
  }
}

/** Has something done when the client has gone. */
function whenGone(signal: AbortSignal, action: () => void): void {
  if (signal.aborted) action();
  else signal.addEventListener("abort", action);
}

/** The cookie that the visitor of a sticky pool is to get; `null`: he has it. */
function bind(servedBy: string, { visit, pool }: Task, binding: Binding): Affinity | null {
  const isNew = servedBy !== binding.server;
  if (!pool.sticky || !(isNew || binding.isStale)) return null;
  visit.bind(isNew ? "inserted" : "updated");
  return affinityTo(servedBy, pool, isNew ? null : binding.firstMs);
}

/** How an exchange ended whose answer went to the client. */
function endingOf({ late, broke }: Patience): Ending {
  if (late !== null) return { cause: late === "client" ? "client-timeout" : "server-timeout", phase: "data" };
  return broke === null ? { cause: "none", phase: "none" } : { cause: broke, phase: "data" };
}

/** The dates stand in the cookie only where the pool goes by them. */
function affinityTo(
  server: string,
  { config: { stickyIdleMs, stickyLifeMs } }: Pool,
  firstMs: number | null,
): Affinity {
  const nowMs = Date.now();
  return {
    server,
    lastMs: stickyIdleMs === null && stickyLifeMs === null ? null : nowMs,
    firstMs: stickyLifeMs === null ? null : (firstMs ?? nowMs),
  };
}

/** Whether a server of the route would know this request again, by the fields that it gets. */
const isKeyed = (method: string, fields: Headers, { idempotent }: RouteConfig): boolean =>
  idempotent && (method === "POST" || method === "PATCH") && fields.has("Idempotency-Key");

const isDebug = (env: FrontEnv) => site.debugHeaders === true || (site.debugHeaders === "dev" && env.FAULTS === "on");
