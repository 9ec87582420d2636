import { targetOfBinding } from "../../shared/admin/fault.ts";
import type { Backend } from "../../shared/balance/algorithm.ts";
import { type Pool, pick } from "../../shared/balance/pool.ts";
import { mayRedispatch, type Outcome, type Repeatability } from "../../shared/balance/redispatch.ts";
import type { RouteConfig } from "../../shared/config/site.ts";
import { isNotRunning, serviceBinding } from "../common/binding.ts";
import { partitioned } from "../common/fault-port.ts";
import { type Answer, asItIs, type Delivery, silenceOf, takeAnswer } from "./download.ts";
import { discard } from "./flow.ts";
import { Patience } from "./patience.ts";
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
  /** Every server was tried, and none has answered. */
  | { readonly kind: "exhausted" }
  /** No server is there to be tried. */
  | { readonly kind: "not-running" }
  /** The client broke off before the end of the body. */
  | { readonly kind: "interrupted" }
  /** The client began to send a body, and went silent. */
  | { readonly kind: "client-silent" }
  /** No header came in time. */
  | { readonly kind: "deadline" };

/** A request under way: what has become of its body, and who is to move. */
interface Exchange {
  readonly task: Task;
  readonly upload: Upload;
  readonly patience: Patience;
  readonly env: object;
  /** The body, once it was streamed to a server. */
  sending: Sending | null;
}

/** One try. The answer is there when something answered. */
interface Try {
  readonly backend: Backend;
  readonly outcome: Outcome;
  readonly answer: Answer | null;
}

/**
 * Sends a request to a server of the pool; when that fails before the first byte and the request may be sent again, to
 * the next one that has not had it yet.
 */
export async function dispatch(task: Task, env: object): Promise<Dispatched> {
  const { deadlineMs, idleMs } = task.route;
  const patience = new Patience({ client: idleMs, server: deadlineMs });
  const upload = await takeUpload(task.request, patience);
  const exchange: Exchange | null = upload && { task, upload, patience, env, sending: null };
  const result = exchange && (await tryServers(exchange));
  if (result?.kind === "answer") return result;
  if (patience.late === "client") return { kind: "client-silent" };
  await exchange?.sending?.ended;
  patience.end();
  return patience.late === null ? (result ?? { kind: "interrupted" }) : { kind: "deadline" };
}

async function tryServers(exchange: Exchange): Promise<Dispatched> {
  const { task, upload, patience } = exchange;
  const { pool, bound } = task;
  const request: Repeatability = { method: task.request.method, body: upload.kind };
  const tried = new Map<Backend, Outcome>();
  let answered: Try | null = null;
  for (let backend = pick(pool, tried, bound); backend !== undefined; backend = pick(pool, tried, bound)) {
    const last = await ask(backend, exchange);
    if (exchange.sending?.clientBroke.aborted) return { kind: "interrupted" };
    if (patience.late === null && !mayRedispatch(last.outcome, request)) return settle(last, exchange);
    tried.set(backend, last.outcome);
    if (answered?.answer?.flow) discard(answered.answer.flow, "Another server has answered.");
    if (hasAnswered(last)) answered = last;
    if (patience.late !== null) break;
  }
  if (answered !== null && patience.late === null) return settle(answered, exchange);
  if (answered?.answer?.flow) discard(answered.answer.flow, "The time is over.");
  const isAbsent = ({ kind }: Outcome) => kind === "absent";
  return { kind: [...tried.values()].every(isAbsent) ? "not-running" : "exhausted" };
}

/** A rejection says no more than that: the origin may have thrown before, in or after its work. */
async function ask(backend: Backend, exchange: Exchange): Promise<Try> {
  const { task, patience, env } = exchange;
  const rejected = { backend, outcome: { kind: "rejected" }, answer: null } as const;
  const server = serviceBinding(env, backend.binding);
  if (server === null) return { ...rejected, outcome: { kind: "absent" } };
  const target = targetOfBinding(backend.binding);
  if (partitioned("front", target)) return rejected;
  try {
    const answer = await takeAnswer(await server.fetch(task.request.url, requestInit(exchange)));
    if (partitioned(target, "front")) return { ...rejected, answer };
    return { backend, outcome: outcomeOf(answer), answer };
  } catch (error) {
    const { late } = patience;
    const clientBroke = exchange.sending?.clientBroke.aborted ?? false;
    const what = clientBroke || late === "client" ? "client broke off" : "server failed";
    console.warn({ message: what, server: backend.name, url: task.request.url, error: String(error) });
    return rejected;
  }
}

function requestInit(exchange: Exchange): RequestInit {
  const { task, patience } = exchange;
  const { method, cf } = task.request;
  const { body, signal } = bodyFor(exchange) ?? { body: null, signal: patience.signal };
  const init = { method, headers: task.headers, body, signal, ...asItIs };
  return cf === undefined ? init : { ...init, cf };
}

/** The body for a try, and what ends the try before its time. */
function bodyFor(exchange: Exchange): { readonly body: BodyInit; readonly signal: AbortSignal } | null {
  const { upload, patience } = exchange;
  if (upload.kind === "none") return null;
  if (upload.kind === "buffered") return { body: upload.bytes, signal: patience.signal };
  exchange.sending = send(upload, patience);
  const { body, clientBroke } = exchange.sending;
  return { body, signal: AbortSignal.any([patience.signal, clientBroke]) };
}

/** `wrangler dev` turns a Worker's exception into a 500 with the stack in a field; everywhere else the call rejects. */
function outcomeOf({ response, flow }: Answer): Outcome {
  if (isNotRunning(response, flow?.start)) return { kind: "absent" };
  const exception = response.headers.has("MF-Experimental-Error-Stack");
  return { kind: "answered", status: response.status, exception };
}

const hasAnswered = ({ outcome, answer }: Try): boolean =>
  outcome.kind === "answered" && !outcome.exception && answer !== null;

/** The end of a request that no other server may get: the answer, whatever its status, if there is one. */
function settle(last: Try, { task, patience, sending }: Exchange): Dispatched {
  const { backend, outcome, answer } = last;
  if (outcome.kind === "absent") return { kind: "not-running" };
  if (answer === null || !hasAnswered(last)) return { kind: "failed" };
  patience.restart(silenceOf(answer, task.route));
  return { kind: "answer", servedBy: backend.name, answer, patience, uploaded: sending?.ended ?? null };
}
