import { targetOfBinding } from "../../shared/admin/fault.ts";
import type { Backend } from "../../shared/balance/algorithm.ts";
import { type Pool, pick } from "../../shared/balance/pool.ts";
import { mayRedispatch, type Outcome, type Repeatability } from "../../shared/balance/redispatch.ts";
import { isNotRunning, serviceBinding } from "../binding.ts";
import { partitioned } from "../fault-port.ts";
import { type Deadline, startDeadline } from "./deadline.ts";
import { bodyOf, takeUpload, type Upload } from "./upload.ts";

/** How the pool served a request. */
export type Dispatched =
  /** A server answered. The header is there; the body is on its way, and nothing is sent again from here on. */
  | { readonly kind: "answer"; readonly response: Response; readonly servedBy: string }
  /** The server failed, and no other may get the request. */
  | { readonly kind: "failed" }
  /** Every server was tried and failed. */
  | { readonly kind: "exhausted" }
  /** No server is there to be tried. */
  | { readonly kind: "not-running" }
  /** The client broke off before the end of the body: no server was asked. */
  | { readonly kind: "interrupted" }
  | { readonly kind: "deadline" };

/** One try. The response is there when something answered. */
interface Try {
  readonly backend: Backend;
  readonly outcome: Outcome;
  readonly response: Response | null;
}

/**
 * Sends a request to a server of the pool; when that fails before the first byte and the request may be sent again, to
 * the next one that has not had it yet.
 *
 * @param headers the fields for the origin.
 */
export async function dispatch(pool: Pool, request: Request, headers: Headers, env: object): Promise<Dispatched> {
  const upload = await takeUpload(request);
  if (upload === null) return { kind: "interrupted" };
  const deadline = startDeadline(pool.deadlineMs);
  const ask = (backend: Backend) => send(backend, request.url, requestInit(request, headers, upload, deadline), env);
  try {
    return await tryServers(pool, { method: request.method, body: upload.kind }, ask, deadline.signal);
  } finally {
    deadline.clear();
  }
}

async function tryServers(
  pool: Pool,
  request: Repeatability,
  ask: (backend: Backend) => Promise<Try>,
  deadline: AbortSignal,
): Promise<Dispatched> {
  const tried = new Map<Backend, Outcome>();
  for (let backend = pick(pool, tried); backend !== undefined; backend = pick(pool, tried)) {
    const last = await ask(backend);
    if (!deadline.aborted && !mayRedispatch(last.outcome, request)) return settle(last);
    last.response?.body?.cancel().catch(() => undefined);
    if (deadline.aborted) return { kind: "deadline" };
    tried.set(backend, last.outcome);
  }
  const isAbsent = ({ kind }: Outcome) => kind === "absent";
  return { kind: [...tried.values()].every(isAbsent) ? "not-running" : "exhausted" };
}

/** `redirect: "manual"`: a redirect is the client's to follow. */
function requestInit({ method, cf }: Request, headers: Headers, upload: Upload, deadline: Deadline) {
  const body = bodyOf(upload, () => deadline.restart());
  const init = { method, headers, body, redirect: "manual", signal: deadline.signal } as const;
  return cf === undefined ? init : { ...init, cf };
}

/** A rejection says no more than that: the origin may have thrown before, in or after its work. */
async function send(
  backend: Backend,
  url: string,
  init: RequestInit & { signal: AbortSignal },
  env: object,
): Promise<Try> {
  const server = serviceBinding(env, backend.binding);
  if (server === null) return { backend, outcome: { kind: "absent" }, response: null };
  const rejected = { backend, outcome: { kind: "rejected" }, response: null } as const;
  const target = targetOfBinding(backend.binding);
  if (partitioned("front", target)) return rejected;
  try {
    const response = await server.fetch(url, init);
    if (partitioned(target, "front")) return { ...rejected, response };
    return { backend, outcome: await outcomeOf(response, init.signal), response };
  } catch (error) {
    console.warn({ message: "server failed", server: backend.name, url, error: String(error) });
    return rejected;
  }
}

/** `wrangler dev` turns a Worker's exception into a 500 with the stack in a field; everywhere else the call rejects. */
async function outcomeOf(response: Response, signal: AbortSignal): Promise<Outcome> {
  if (await isNotRunning(response, signal)) return { kind: "absent" };
  const exception = response.headers.has("MF-Experimental-Error-Stack");
  return { kind: "answered", status: response.status, exception };
}

/** The end of a request that no other server may get: the answer, whatever its status, if there is one. */
function settle({ backend, outcome, response }: Try): Dispatched {
  if (outcome.kind === "absent") return { kind: "not-running" };
  if (outcome.kind === "rejected" || outcome.exception || response === null) return { kind: "failed" };
  return { kind: "answer", response, servedBy: backend.name };
}
