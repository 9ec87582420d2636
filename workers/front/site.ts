import site from "#site";
import { openPool, type Pool } from "../../shared/balance/pool.ts";
import { openRouter } from "../../shared/balance/route.ts";
import { forwardRequest } from "../../shared/http/forward.ts";
import type { Problem } from "../../shared/http/problem.ts";
import { present } from "../../shared/kernel/assert.ts";
import { type Dispatched, dispatch } from "./dispatch.ts";
import type { FrontEnv } from "./env.ts";
import { refuse, reply } from "./reply.ts";
import { bodyIn } from "./upload.ts";

/** The pools of this isolate: whose turn it is stands here. */
const pools: ReadonlyMap<string, Pool> = new Map(
  Object.entries(site.pools).map(([name, config]) => [name, openPool(name, config)]),
);

const poolNameFor = openRouter(site.routes);

/** The way of a request to the site: route to a pool, pick a server, dispatch, reply. */
export async function serveSite(request: Request, url: URL, env: FrontEnv, requestId: string): Promise<Response> {
  const startMs = Date.now();
  const pool = present(pools.get(poolNameFor(url.pathname)), "the pool of a route");
  const headers = fieldsForNextHop(request, url, requestId);
  const result = await dispatch(pool, request, headers, env);
  if (result.kind !== "answer") return refuse(request, requestId, problems[result.kind]);
  const { response, servedBy } = result;
  return reply(response, isDebug(env) ? { servedBy, durationMs: Date.now() - startMs } : null);
}

/** What a client reads when no server answers. */
const problems: Readonly<Record<Exclude<Dispatched["kind"], "answer">, Problem>> = {
  failed: {
    code: "server-failed",
    title: "The server failed",
    message: "It may or may not have done what you asked for. Look before you try again.",
  },
  exhausted: {
    code: "no-server",
    title: "The site is out of order",
    message: "None of its servers can answer right now. Please try again in a moment.",
  },
  "not-running": {
    code: "not-running",
    title: "The front runs alone",
    message:
      "The Workers that its service bindings name are not running: the origins, the database and control. " +
      "Plain wrangler dev starts the front only; this starts the whole site:",
    command: "npm start",
  },
  interrupted: {
    code: "bad-request",
    title: "The request broke off",
    message: "Its body did not arrive whole, so no server got it.",
  },
  deadline: {
    code: "deadline-exceeded",
    title: "The server takes too long",
    message: "It has not answered in time. What you asked for may still be going on.",
  },
};

/** The fields of a client's request as the next hop gets them. */
export function fieldsForNextHop(request: Request, url: URL, requestId: string): Headers {
  const headers = new Headers(request.headers);
  if (bodyIn(request) === null) headers.delete("Content-Length");
  forwardRequest(headers, {
    clientAddress: headers.get("CF-Connecting-IP"),
    protocol: url.protocol === "https:" ? "https" : "http",
    host: url.host,
    requestId,
  });
  return headers;
}

const isDebug = (env: FrontEnv) => site.debugHeaders === true || (site.debugHeaders === "dev" && env.FAULTS === "on");
