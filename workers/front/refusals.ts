import site from "#site";
import type { RouteConfig } from "../../shared/config/site.ts";
import type { RateVerdict } from "../../shared/firewall/rate-limit.ts";
import { rateLimitFields } from "../../shared/firewall/rate-limit-fields.ts";
import type { Admission } from "../../shared/http/admission.ts";
import { redirectionOf } from "../../shared/http/route-redirect.ts";
import type { Problem } from "../../shared/http/problem.ts";
import type { Dispatched } from "./dispatch.ts";
import { refuse } from "./reply.ts";
import type { Ending, Visit } from "./visit.ts";

const { errorPages: pages } = site;

/** The front's own answer in place of a server's, and with it the end of the visit. */
function refused(visit: Visit, problem: Problem, ending: Ending, fields: HeadersInit = {}): Response {
  const response = refuse(visit.request, visit.requestId, problem, { pages, fields });
  visit.status = response.status;
  visit.end(ending);
  return response;
}

const refusedRequest: Ending = { cause: "proxy", phase: "request" };

/** The answer to a request whose `Host` names none. */
export const misaddressed = (visit: Visit): Response => refused(visit, problemOfHost, refusedRequest);

/** The answer to a request that the front does not pass on, whatever its servers do. */
export function turnedAway(visit: Visit, admission: Exclude<Admission, "forward">): Response {
  visit.enter(null, null);
  if (admission !== "last-recipient")
    return refused(visit, unadmitted[admission], refusedRequest, admission === "trace" ? allowed : {});
  visit.status = 204;
  visit.end({ cause: "local", phase: "request" });
  return options();
}

/** The answer to a request above its client's rate. */
export function tooMany(visit: Visit, rate: RateVerdict): Response {
  visit.enter(null, null);
  return refused(
    visit,
    problemOfRate,
    refusedRequest,
    rateLimitFields(rate).map(([name, value]) => [name, value]),
  );
}

/** The answer to a request that its route leads elsewhere. It says no more than that: nobody reads the page. */
export function elsewhere(visit: Visit, redirect: NonNullable<RouteConfig["redirect"]>): Response {
  const { status, location } = redirectionOf(redirect, visit.url);
  visit.enter(null, null);
  visit.status = status;
  visit.end({ cause: "local", phase: "request" });
  return new Response(null, { status, headers: { Location: location, ...madeHere } });
}

/** The answer to a request that no server has answered. */
export const unanswered = (visit: Visit, kind: Unanswered): Response => refused(visit, problems[kind], endings[kind]);

type Unanswered = Exclude<Dispatched["kind"], "answer">;

const problemOfHost: Problem = {
  code: "bad-request",
  title: "The request is malformed",
  message: "Its Host is not the name of a host, with a port or without.",
};

const problemOfRate: Problem = {
  code: "rate-limited",
  title: "Too many requests",
  message: "You have sent more of them than this address takes in so short a time.",
};

/** RFC 9209 2.3.29: an answer that is no error. */
const madeHere = { "Proxy-Status": "trefoil; error=proxy_internal_response" };

const allowed = { Allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" };

/** The front's own answer to an `OPTIONS` that goes no further: what it passes on, RFC 9110 9.3.7. */
const options = (): Response =>
  new Response(null, {
    status: 204,
    headers: { ...allowed, ...madeHere },
  });

const unadmitted: Readonly<Record<Exclude<Admission, "forward" | "last-recipient">, Problem>> = {
  trace: {
    code: "method-not-allowed",
    title: "TRACE is not served",
    message: "It would send the fields of a request back, cookies and all.",
  },
  "unknown-expectation": {
    code: "expectation-failed",
    title: "The expectation is unknown",
    message: "Expect may ask for 100-continue and nothing else.",
  },
  "uri-too-long": {
    code: "uri-too-long",
    title: "The address is too long",
    message: "What is as long as that belongs into the body of a request.",
  },
  "header-too-large": {
    code: "header-too-large",
    title: "The header is too large",
    message: "Its fields are larger than what is taken here. Cookies that have piled up can be the cause.",
  },
};

const busy: Problem = {
  code: "overloaded",
  title: "The site is busy",
  message: "Its servers have as much to do as they can, and yours is not the first request that waits.",
};

/** What a client reads when no server answers. */
const problems: Readonly<Record<Unanswered, Problem>> = {
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
  full: busy,
  waited: busy,
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
  "too-long": {
    code: "body-too-large",
    title: "The request is too large",
    message: "Its body is longer than what is taken at this address, so no server got all of it.",
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

/** How HAProxy would log it. */
const endings: Readonly<Record<Unanswered, Ending>> = {
  failed: { cause: "server", phase: "header" },
  exhausted: { cause: "server", phase: "connect" },
  full: { cause: "resource", phase: "queue" },
  waited: { cause: "server-timeout", phase: "queue" },
  "not-running": { cause: "server", phase: "connect" },
  interrupted: { cause: "client", phase: "request" },
  "too-long": refusedRequest,
  "client-silent": { cause: "client-timeout", phase: "request" },
  deadline: { cause: "server-timeout", phase: "header" },
};
