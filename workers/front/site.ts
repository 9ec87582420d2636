import site from "#site";
import { openPool, type Pool } from "../../shared/balance/pool.ts";
import { openRouter } from "../../shared/balance/route.ts";
import { admit } from "../../shared/http/admission.ts";
import { dropAffinityCookie, setAffinityCookie, takeAffinityCookie } from "../../shared/http/affinity-cookie.ts";
import { forwardRequest } from "../../shared/http/forward.ts";
import { addressOf } from "../../shared/http/forwarded.ts";
import type { Problem } from "../../shared/http/problem.ts";
import { present } from "../../shared/kernel/assert.ts";
import { type Dispatched, dispatch, type Task } from "./dispatch.ts";
import type { FrontEnv } from "./env.ts";
import { refuse, reply } from "./reply.ts";
import { bodyIn } from "./upload.ts";

/** The pools of this isolate: whose turn it is stands here. */
const pools: ReadonlyMap<string, Pool> = new Map(
  Object.entries(site.pools).map(([name, config]) => [name, openPool(name, config)]),
);

/** Where a pool is sticky, the cookie is the front's, also from and to servers of the others. */
const anySticky = [...pools.values()].some(({ sticky }) => sticky);

const routeFor = openRouter(site.routes);

const { errorPages: pages } = site;

/** The way of a request to the site: admit, route to a pool, pick a server, dispatch, reply. */
export async function serveSite(request: Request, url: URL, env: FrontEnv, requestId: string): Promise<Response> {
  const startMs = Date.now();
  const headers = fieldsForNextHop(request, url, requestId);
  const admission = admit(request.method, headers);
  if (admission === "last-recipient") return options();
  if (admission !== "forward") return refuse(request, requestId, ...refusals[admission]);
  const task = taskFor(request, url, headers);
  const result = await dispatch(task, env);
  if (result.kind !== "answer") return refuse(request, requestId, problems[result.kind], { pages });
  const { servedBy } = result;
  const response = await reply(result, isDebug(env) ? { servedBy, durationMs: Date.now() - startMs } : null);
  if (anySticky) dropAffinityCookie(response.headers);
  if (task.pool.sticky && servedBy !== task.bound)
    setAffinityCookie(response.headers, servedBy, request.method, url.protocol === "https:");
  return response;
}

function taskFor(request: Request, url: URL, headers: Headers): Task {
  const route = routeFor(url.pathname);
  const pool = present(pools.get(route.pool), "the pool of a route");
  const bound = anySticky ? takeAffinityCookie(headers) : null;
  return { request, headers, pool, route, bound: pool.sticky ? bound : null };
}

const allowed = { Allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" };

/** The front's own answer to an `OPTIONS` that goes no further: what it passes on, RFC 9110 9.3.7. */
const options = (): Response =>
  new Response(null, {
    status: 204,
    headers: { ...allowed, "Proxy-Status": "trefoil; error=proxy_internal_response" },
  });

type Refusal = readonly [Problem, Parameters<typeof refuse>[3]];

const refusals: Readonly<Record<"trace" | "unknown-expectation", Refusal>> = {
  trace: [
    {
      code: "method-not-allowed",
      title: "TRACE is not served",
      message: "It would send the fields of a request back, cookies and all.",
    },
    { pages, fields: allowed },
  ],
  "unknown-expectation": [
    {
      code: "expectation-failed",
      title: "The expectation is unknown",
      message: "Expect may ask for 100-continue and nothing else.",
    },
    { pages },
  ],
};

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
    message: "Its body did not arrive whole, so no server got all of it.",
  },
  "client-silent": {
    code: "request-timeout",
    title: "The request stopped",
    message: "Its body began to arrive and then nothing more came, so no server got all of it.",
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
    clientAddress: clientAddressOf(request),
    protocol: url.protocol === "https:" ? "https" : "http",
    version: versionOf(request),
    host: url.host,
    requestId,
    acceptEncoding: acceptEncodingOf(request),
  });
  return headers;
}

/** Where workerd itself has the connection it knows best; behind Cloudflare's edge, that says who the client is. */
function clientAddressOf({ cf, headers }: Request): string | null {
  const peer = cf?.["clientIp"];
  return (typeof peer === "string" && addressOf(peer)) || headers.get("CF-Connecting-IP");
}

/** Where there is an edge, only it knows what the client sent. */
function acceptEncodingOf({ cf }: Request): string | null {
  const field = cf?.clientAcceptEncoding;
  return typeof field === "string" ? field : null;
}

/** `HTTP/2` as the `2` of `Via`, RFC 9110 7.6.3. */
function versionOf({ cf }: Request): string {
  const protocol = cf?.httpProtocol;
  return (typeof protocol === "string" && /^HTTP\/([\d.]+)$/.exec(protocol)?.[1]) || "1.1";
}

const isDebug = (env: FrontEnv) => site.debugHeaders === true || (site.debugHeaders === "dev" && env.FAULTS === "on");
