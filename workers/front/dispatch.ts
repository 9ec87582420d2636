import type { Pool } from "../../shared/balance/pool.ts";
import { mayRedispatch, type Repeatability, retryBackoff } from "../../shared/balance/redispatch.ts";
import type { RouteConfig } from "../../shared/config/site.ts";
import { backoffMs } from "../../shared/kernel/retry.ts";
import { type Attempt, attempt, clientBroke, type Exchange, hasAnswered, observe } from "./attempt.ts";
import { type Delivery, silenceOf } from "./download.ts";
import { discard } from "./flow.ts";
import type { Patience } from "./patience.ts";
import { waitForServer } from "./queue.ts";
import { noUpload, type NoUpload, takeUpload, type Upload } from "./upload.ts";
import type { Visit } from "./visit.ts";

/** A request on its way to a server. */
export interface Task {
  readonly visit: Visit;
  /** The fields for the server. */
  readonly headers: Headers;
  readonly pool: Pool;
  readonly route: RouteConfig;
  /** The server that the visitor is bound to, if the pool is sticky. */
  readonly bound: string | null;
  /** What the pool's `hashOn` finds in the request. */
  readonly key: string;
  /** See `Repeatability`. */
  readonly keyed: boolean;
}

/** How the pool served a request. */
export type Dispatched =
  /** A server answered. Nothing is sent again from here on. */
  | ({ readonly kind: "answer"; readonly servedBy: string } & Delivery)
  /** The server failed, and no other may get the request. */
  | { readonly kind: "failed" }
  /** No server is fit, or those that are have failed. */
  | { readonly kind: "exhausted" }
  /** Every server that is fit has as much as it may have, and so has the queue, or none had a place in time. */
  | { readonly kind: "full" | "waited" }
  /** No server is there to be tried. */
  | { readonly kind: "not-running" }
  /** The client broke off before the end of the body. */
  | { readonly kind: "interrupted" }
  /** The body is longer than the route takes. */
  | { readonly kind: "too-long" }
  /** The client began to send a body, and went silent. */
  | { readonly kind: "client-silent" }
  /** No header came in time. */
  | { readonly kind: "deadline" };

/**
 * Sends a request to a server of the pool; when that fails before the first byte and the request may be sent again, to
 * another one. The request is on the accounts of pool and server until `patience` ends.
 */
export async function dispatch(task: Task, patience: Patience, env: object): Promise<Dispatched> {
  const { visit, pool, route } = task;
  pool.active++;
  patience.onEnd(() => pool.active--);
  const upload =
    visit.upload === null ? noUpload : await takeUpload(visit.upload, visit.request, patience, route.maxBodyBytes);
  const result = typeof upload === "string" ? { kind: upload } : await tryServers(upload, task, patience, env);
  if (result.kind === "answer") return result;
  patience.end();
  if (patience.late === null) return result;
  return { kind: patience.late === "client" ? "client-silent" : "deadline" };
}

async function tryServers(upload: Upload, task: Task, patience: Patience, env: object): Promise<Dispatched> {
  const { visit, pool } = task;
  visit.bytesIn = bytesOf(upload);
  const exchange: Exchange = { task, upload, patience, env, failures: [], sending: null, isRetry: false };
  try {
    const result = await tryInTurn(exchange);
    if (result.kind !== "answer" && patience.late !== "client") await exchange.sending?.ended;
    return result;
  } finally {
    if (exchange.isRetry) pool.retrying--;
  }
}

async function tryInTurn(exchange: Exchange): Promise<Dispatched> {
  const { task, upload, patience, failures } = exchange;
  const { visit, pool, bound, key, keyed } = task;
  const request: Repeatability = { method: visit.method, body: upload.kind, keyed };
  for (;;) {
    const wish = { bound, key, tried: failures.map(({ server }) => server) };
    const choice = pool.choose(wish, Date.now());
    const server = choice === "full" ? await waitForServer(pool, wish, visit, patience.signal) : choice;
    if (typeof server === "string") return giveUp(exchange, server);
    if (server === choice) pool.take(server);
    const startMs = Date.now();
    visit.try(server, server.name === bound, startMs);
    const last = await attempt(server, exchange);
    observe(last, startMs, exchange);
    if (patience.late === null && clientBroke(exchange) === null && !mayRedispatch(last.outcome, request))
      return settle(last, exchange);
    pool.release(server, Date.now());
    failures.push(last);
    const broken = clientBroke(exchange);
    if (broken !== null) return giveUp(exchange, broken);
    if (patience.late !== null || !(await mayTryAgain(last, exchange))) return giveUp(exchange, "none");
  }
}

function bytesOf(upload: Upload): number | null {
  if (upload.kind === "none") return 0;
  return upload.kind === "buffered" ? upload.bytes.byteLength : upload.length;
}

/** Why there is no server for a try. */
type Reason = "full" | "waited" | "none";

/** Whether the pool grants one more try, and when the time for it has come. To find that a server is not there costs nothing. */
async function mayTryAgain({ outcome }: Attempt, exchange: Exchange): Promise<boolean> {
  const { task, patience, failures } = exchange;
  const { pool } = task;
  if (outcome.kind === "absent") return failures.length < pool.members.length;
  const retry = failures.filter((each) => each.outcome.kind !== "absent").length;
  if (retry > pool.config.retries.most) return false;
  if (retry > 1) await pause(backoffMs(retry - 1, retryBackoff, Math.random), patience);
  else if (!pool.mayRetry) return false;
  else {
    pool.retrying++;
    exchange.isRetry = true;
  }
  return patience.late === null;
}

const pause = (ms: number, { signal }: Patience): Promise<void> =>
  scheduler.wait(ms, { signal }).catch(() => undefined);

/** The end of a request that no other server may get: the answer, whatever its status, if there is one. */
function settle(last: Attempt, exchange: Exchange): Dispatched {
  const { task, patience, failures } = exchange;
  patience.onEnd(() => task.pool.release(last.server, Date.now()));
  drop(failures, "Another server has answered.");
  if (last.outcome.kind === "absent") return { kind: "not-running" };
  return hasAnswered(last) ? deliver(last, exchange) : { kind: "failed" };
}

/** The end of a request that was tried in vain: an answer that says so, if a server gave one. */
function giveUp(exchange: Exchange, why: Reason | NoUpload): Dispatched {
  const { patience, failures } = exchange;
  const isServers = patience.late === null && why !== "interrupted" && why !== "too-long";
  const answered = isServers ? failures.findLast(hasAnswered) : undefined;
  drop(
    failures.filter((each) => each !== answered),
    "The request is over.",
  );
  if (answered !== undefined) return fallBack(answered, exchange);
  if (why !== "none") return { kind: why };
  const isAbsent = ({ outcome }: Attempt) => outcome.kind === "absent";
  return { kind: failures.length > 0 && failures.every(isAbsent) ? "not-running" : "exhausted" };
}

/** The answer of a server that was given up goes out, after all. The server has the request until the end of it. */
function fallBack(answered: Attempt, exchange: Exchange): Dispatched {
  const { server } = answered;
  const { pool, visit } = exchange.task;
  visit.returnTo(server);
  pool.take(server);
  exchange.patience.onEnd(() => pool.release(server, Date.now()));
  return deliver(answered, exchange);
}

function deliver({ server, answer }: Attempt, { task, patience, sending }: Exchange): Dispatched {
  if (answer === null) return { kind: "failed" };
  const { visit, route } = task;
  visit.answered(answer.status, Date.now());
  patience.restart(silenceOf(answer, route));
  const uploaded = sending === null || sending.isOver() ? null : sending.ended;
  return { kind: "answer", servedBy: server.name, answer, patience, uploaded, visit };
}

function drop(attempts: readonly Attempt[], reason: string): void {
  for (const { answer } of attempts) if (answer?.flow) discard(answer.flow, reason);
}
