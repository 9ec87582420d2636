import site from "#site";
import { type Binding, bindingOf } from "../../shared/balance/binding.ts";
import type { Pool } from "../../shared/balance/pool.ts";
import type { RouteConfig } from "../../shared/config/site.ts";
import { rateLimitFields } from "../../shared/firewall/rate-limit-fields.ts";
import { admit } from "../../shared/http/admission.ts";
import { dropAffinityCookie, setAffinityCookie, takeAffinityCookie } from "../../shared/http/affinity-cookie.ts";
import type { Keyed } from "../../shared/http/client-key.ts";
import { present } from "../../shared/kernel/assert.ts";
import { fieldsForNextHop } from "./arrival.ts";
import { anySticky, control, type Route, routeOf } from "./balancer.ts";
import { dispatch, type Task } from "./dispatch.ts";
import type { FrontEnv } from "./env.ts";
import { Patience } from "./patience.ts";
import { elsewhere, tooMany, turnedAway, unanswered } from "./refusals.ts";
import { reply } from "./reply.ts";
import type { Ending, Visit } from "./visit.ts";

/** The way of a request to the site: admit, route to a pool, pick a server, dispatch, reply. */
export async function serveSite(visit: Visit, env: FrontEnv, ctx: ExecutionContext): Promise<Response> {
  const { request, url, clientAddress, startMs } = visit;
  const { headers, headerBytes } = fieldsForNextHop(visit);
  const { method } = request;
  const admission = admit({ method, url: request.url, headerBytes }, headers);
  if (admission !== "forward") return turnedAway(visit, admission);
  const stale = control.freshen(env, ctx, startMs);
  if (stale !== null) await stale;
  const route = routeOf(url, method, headers);
  const keyed = { clientAddress, pathname: url.pathname, fields: headers };
  const rate = route.takeRate(keyed, startMs);
  if (rate !== null && !rate.allowed) return tooMany(visit, rate);
  const response = await serveRoute(route, keyed, visit, env, ctx);
  if (rate !== null) for (const [name, value] of rateLimitFields(rate)) response.headers.set(name, value);
  route.editResponse(response.headers);
  return response;
}

function serveRoute(
  { config, pool, keyOf, editRequest }: Route,
  keyed: Keyed & { readonly fields: Headers },
  visit: Visit,
  env: FrontEnv,
  ctx: ExecutionContext,
): Response | Promise<Response> {
  if (pool === null) return elsewhere(visit, present(config.redirect, "the redirect of a route without a pool"));
  const { request, startMs } = visit;
  const { fields } = keyed;
  const key = keyOf(keyed);
  const binding = bindingOf(anySticky ? takeAffinityCookie(fields) : null, pool, startMs);
  editRequest(fields);
  visit.enter(pool, binding);
  const task = { visit, request, headers: fields, pool, route: config, key, keyed: isKeyed(request, config) };
  const response = forward({ ...task, bound: binding.server }, binding, env, ctx);
  // A client who leaves would end the request where it stands, with the place that it has in a server's `maxconn`.
  ctx.waitUntil(response);
  return response;
}

/** The request goes to the pool, and what comes back to the client. */
async function forward(task: Task, binding: Binding, env: FrontEnv, ctx: ExecutionContext): Promise<Response> {
  const { visit, route, pool } = task;
  const patience = new Patience({ client: route.idleMs, server: route.deadlineMs });
  const result = await dispatch(task, patience, env);
  if (result.kind !== "answer") return unanswered(visit, result.kind);
  patience.onEnd(() => {
    visit.end(endingOf(patience));
    control.reportSoon(env, ctx);
  });
  const { servedBy } = result;
  const response = await reply(result, isDebug(env) ? { servedBy, durationMs: Date.now() - visit.startMs } : null);
  if (!patience.isOver) ctx.waitUntil(new Promise<void>((resolve) => patience.onEnd(resolve)));
  if (anySticky) dropAffinityCookie(response.headers);
  if (pool.sticky && (servedBy !== binding.server || binding.isStale)) bind(servedBy, task, binding, response.headers);
  return response;
}

function bind(servedBy: string, { visit, pool }: Task, binding: Binding, headers: Headers): void {
  const { request, url } = visit;
  const isNew = servedBy !== binding.server;
  visit.bind(isNew ? "inserted" : "updated");
  const affinity = affinityTo(servedBy, pool, isNew ? null : binding.firstMs);
  setAffinityCookie(headers, affinity, request.method, url.protocol === "https:");
}

/** How an exchange ended whose answer went to the client. */
function endingOf({ late, broke }: Patience): Ending {
  if (late !== null) return { cause: late === "client" ? "client-timeout" : "server-timeout", phase: "data" };
  return broke === null ? { cause: "none", phase: "none" } : { cause: broke, phase: "data" };
}

/** The dates stand in the cookie only where the pool goes by them. */
function affinityTo(server: string, { config: { stickyIdleMs, stickyLifeMs } }: Pool, firstMs: number | null) {
  const nowMs = Date.now();
  return {
    server,
    lastMs: stickyIdleMs === null && stickyLifeMs === null ? null : nowMs,
    firstMs: stickyLifeMs === null ? null : (firstMs ?? nowMs),
  };
}

/** Whether a server of the route would know this request again. */
const isKeyed = ({ method, headers }: Request, { idempotent }: RouteConfig): boolean =>
  idempotent && (method === "POST" || method === "PATCH") && headers.has("Idempotency-Key");

const isDebug = (env: FrontEnv) => site.debugHeaders === true || (site.debugHeaders === "dev" && env.FAULTS === "on");
