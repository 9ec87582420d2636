import { targetOfBinding } from "../../shared/admin/fault.ts";
import type { Backend } from "../../shared/balance/algorithm.ts";
import { type Pool, pick } from "../../shared/balance/pool.ts";
import { mayRedispatch, type Outcome, type Repeatability } from "../../shared/balance/redispatch.ts";
import type { RouteConfig } from "../../shared/config/site.ts";
import { isNotRunning, serviceBinding } from "../binding.ts";
import { partitioned } from "../fault-port.ts";
import { type Answer, silenceOf, takeAnswer } from "./download.ts";
import { discard } from "./flow.ts";
import { Patience } from "./patience.ts";
import type { Delivery } from "./reply.ts";
import { send, type Sending, takeUpload, type Upload } from "./upload.ts";

/** A request on its way to a server. */
export interface Task {
  readonly request: Request;
  /** The fields for the server. */
  readonly headers: Headers;
  readonly pool: Pool;
  readonly route: RouteConfig;
  /** The server that the visitor is bound to, if the pool is sticky. */
  readonly bound: string | null;
}

/** How the pool served a request. */
export type Dispatched =
  /** A server answered. Nothing is sent again from here on. */
  | ({ readonly kind: "answer"; readonly servedBy: string } & Delivery)
  /** The server failed, and no other may get the request. */
  | { readonly kind: "failed" }
  /** Every server was tried and failed. */
  | { readonly kind: "exhausted" }
  /** No server is there to be tried. */
  | { readonly kind: "not-running" }
  /** The client broke off before the end of the body. */
  | { readonly kind: "interrupted" }
  /** The client began to send a body, and went silent. */
  | { readonly kind: "client-silent" }
  /** No header came in time. */
  | { readonly kind: "deadline" };

/** One try. The answer is there when something answered. */
interface Try {
  readonly backend: Backend;
  readonly outcome: Outcome;
  readonly answer: Answer | null;
  /** The body of the request, if it was streamed. */
  readonly sending: Sending | null;
  /** Did it break off on the client's side? Then the server has not failed. */
  readonly clientBroke?: boolean;
}

/**
 * Sends a request to a server of the pool; when that fails before the first byte and the request may be sent again, to
 * the next one that has not had it yet.
 */
export async function dispatch(task: Task, env: object): Promise<Dispatched> {
  const { deadlineMs, idleMs } = task.route;
  const patience = new Patience({ client: idleMs, server: deadlineMs });
  const upload = await takeUpload(task.request, patience);
  const result = upload === null ? null : await tryServers(task, upload, patience, env);
  if (result?.kind === "answer") return result;
  patience.end();
  if (patience.late !== null) return { kind: patience.late === "client" ? "client-silent" : "deadline" };
  return result ?? { kind: "interrupted" };
}

async function tryServers(task: Task, upload: Upload, patience: Patience, env: object): Promise<Dispatched> {
  const { pool, bound } = task;
  const request: Repeatability = { method: task.request.method, body: upload.kind };
  const tried = new Map<Backend, Outcome>();
  for (let backend = pick(pool, tried, bound); backend !== undefined; backend = pick(pool, tried, bound)) {
    const last = await ask(backend, task, upload, patience, env);
    if (last.clientBroke) return { kind: "interrupted" };
    if (patience.late === null && !mayRedispatch(last.outcome, request)) return settle(last, task, patience);
    if (last.answer?.flow) discard(last.answer.flow, "Another server is asked.");
    if (patience.late !== null) return { kind: "deadline" };
    tried.set(backend, last.outcome);
  }
  const isAbsent = ({ kind }: Outcome) => kind === "absent";
  return { kind: [...tried.values()].every(isAbsent) ? "not-running" : "exhausted" };
}

/** A rejection says no more than that: the origin may have thrown before, in or after its work. */
async function ask(backend: Backend, task: Task, upload: Upload, patience: Patience, env: object): Promise<Try> {
  const server = serviceBinding(env, backend.binding);
  if (server === null) return { backend, outcome: { kind: "absent" }, answer: null, sending: null };
  const target = targetOfBinding(backend.binding);
  const cut = partitioned("front", target);
  const sending = upload.kind === "streamed" && !cut ? send(upload, patience) : null;
  const rejected = { backend, outcome: { kind: "rejected" }, answer: null, sending } as const;
  if (cut) return rejected;
  const body = sending?.body ?? (upload.kind === "buffered" ? upload.bytes : null);
  try {
    const answer = await takeAnswer(await server.fetch(task.request.url, requestInit(task, body, patience)));
    if (partitioned(target, "front")) return { ...rejected, answer };
    return { backend, outcome: outcomeOf(answer), answer, sending };
  } catch (error) {
    if (patience.late === "client") return rejected;
    if (await brokeBefore(sending?.ended)) return { ...rejected, clientBroke: true };
    console.warn({ message: "server failed", server: backend.name, url: task.request.url, error: String(error) });
    return rejected;
  }
}

/** Has the body broken off on the client's side by now? A server that gets a part of a request can only fail. */
async function brokeBefore(ended: Promise<{ readonly clientBroke: boolean }> | undefined): Promise<boolean> {
  const now = scheduler.wait(0).then(() => ({ clientBroke: false }));
  return (await Promise.race([ended ?? now, now])).clientBroke;
}

/** `redirect: "manual"`: a redirect is the client's to follow. `encodeResponseBody`: so is a content coding to undo. */
function requestInit({ request: { method, cf }, headers }: Task, body: BodyInit | null, { signal }: Patience) {
  const init = { method, headers, body, signal, redirect: "manual", encodeResponseBody: "manual" } as const;
  return cf === undefined ? init : { ...init, cf };
}

/** `wrangler dev` turns a Worker's exception into a 500 with the stack in a field; everywhere else the call rejects. */
function outcomeOf({ response, flow }: Answer): Outcome {
  if (isNotRunning(response, flow?.chunks[0])) return { kind: "absent" };
  const exception = response.headers.has("MF-Experimental-Error-Stack");
  return { kind: "answered", status: response.status, exception };
}

/** The end of a request that no other server may get: the answer, whatever its status, if there is one. */
function settle({ backend, outcome, answer, sending }: Try, { route }: Task, patience: Patience): Dispatched {
  if (outcome.kind === "absent") return { kind: "not-running" };
  if (outcome.kind === "rejected" || outcome.exception || answer === null) return { kind: "failed" };
  patience.restart(silenceOf(answer, route));
  return { kind: "answer", servedBy: backend.name, answer, patience, uploaded: sending?.ended ?? null };
}
