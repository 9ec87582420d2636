import type { Member } from "../../shared/balance/pool.ts";
import { isGood, type Outcome } from "../../shared/balance/redispatch.ts";
import { isNotRunning } from "../common/binding.ts";
import { partitioned } from "../common/fault-port.ts";
import { targetOf, wayTo } from "../common/server.ts";
import type { Task } from "./dispatch.ts";
import { type Answer, asItIs, takeAnswer } from "./download.ts";
import type { Patience } from "./patience.ts";
import { discard, TooLong } from "./flow.ts";
import { type NoUpload, send, type Sending, type Upload } from "./upload.ts";

/** A request under way: what has become of its body, who is to move, where it was. */
export interface Exchange {
  readonly task: Task;
  readonly upload: Upload;
  readonly patience: Patience;
  readonly env: object;
  /** The tries that failed, in their order, and may be followed by another. */
  readonly failures: Attempt[];
  /** The body, once it was streamed to a server. */
  sending: Sending | null;
  /** Whether it counts among the pool's retries. */
  isRetry: boolean;
}

/** One try of a request at a server. */
export interface Attempt {
  readonly server: Member;
  readonly outcome: Outcome;
  /** There when something answered. */
  readonly answer: Answer | null;
}

/** Whether it gave an answer that could go to the client, if only for want of a better one. */
export const hasAnswered = ({ outcome, answer }: Attempt): boolean =>
  outcome.kind === "answered" && !outcome.exception && answer !== null;

/** How the body that was streamed to the server came to no good end; `null`: it did not. */
export function clientBroke({ sending }: Exchange): NoUpload | null {
  if (!sending?.clientBroke.aborted) return null;
  return sending.clientBroke.reason instanceof TooLong ? "too-long" : "interrupted";
}

/** Whether it failed because the body did not come, or not whole: that says nothing of the server. */
const isClientsFault = (exchange: Exchange): boolean =>
  clientBroke(exchange) !== null || exchange.patience.late === "client";

/** Lets the pool know how a try went that began at `startMs`. */
export function observe({ server, outcome }: Attempt, startMs: number, exchange: Exchange): void {
  const nowMs = Date.now();
  if (!isClientsFault(exchange)) exchange.task.pool.observe(server, isGood(outcome), nowMs - startMs, nowMs);
}

/**
 * Sends a request to a server. A rejection says no more than that: the origin may have thrown before, in or after its
 * work.
 */
export async function attempt(server: Member, exchange: Exchange): Promise<Attempt> {
  const { task, env, patience } = exchange;
  const rejected = { server, outcome: { kind: "rejected" }, answer: null } as const;
  const way = wayTo(env, server);
  if (way === null) return { ...rejected, outcome: { kind: "absent" } };
  const target = targetOf(server);
  if (partitioned("front", target)) return rejected;
  const clock = tryClock(exchange);
  try {
    const call = takeAnswer(way(task.visit.url, requestInit(exchange, clock?.signal)));
    const answer = await patience.inTime(call);
    if (answer === null) {
      abandon(call);
      throw new Error("It took too long.");
    }
    if (partitioned(target, "front")) return { ...rejected, answer };
    return { server, outcome: outcomeOf(answer), answer };
  } catch (error) {
    const message = isClientsFault(exchange) ? "client broke off" : "server failed";
    console.warn({ message, server: server.name, url: task.visit.request.url, error: String(error) });
    return rejected;
  } finally {
    clock?.stop();
  }
}

/**
 * Ends a call that takes longer than one try may, and leaves one alone that has answered. A body that streams can be sent
 * once, and as fast as the client gives it: such a call has all of the time.
 */
function tryClock({ task, upload }: Exchange) {
  const { tryMs } = task.pool.config.retries;
  if (tryMs === null || upload.kind === "streamed") return null;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error("The try took too long.")), tryMs);
  return { signal: controller.signal, stop: () => clearTimeout(timer) };
}

/** Nobody wants what still comes of a call. */
function abandon(call: Promise<Answer>): void {
  call.then(({ flow }) => flow && discard(flow, "It took too long.")).catch(() => undefined);
}

function requestInit(exchange: Exchange, signal?: AbortSignal): RequestInit {
  const { task, upload } = exchange;
  const { method, edge } = task.visit;
  const init: RequestInit = { method, headers: task.headers, ...asItIs };
  // It is costly to pass on, and where there is no edge it says nothing that the fields do not.
  if (edge !== null) init.cf = edge;
  if (upload.kind === "buffered") init.body = upload.bytes;
  if (upload.kind === "streamed") init.signal = sendStreamed(upload, init, exchange);
  else if (signal !== undefined) init.signal = signal;
  return init;
}

/** Begins to send a streamed body. Gives what ends the call before its time: it must not go on with a part of the body. */
function sendStreamed(
  upload: Extract<Upload, { kind: "streamed" }>,
  init: RequestInit,
  exchange: Exchange,
): AbortSignal {
  exchange.sending = send(upload, exchange.patience);
  init.body = exchange.sending.body;
  return AbortSignal.any([exchange.patience.signal, exchange.sending.clientBroke]);
}

/** `wrangler dev` turns a Worker's exception into a 500 with the stack in a field; everywhere else the call rejects. */
function outcomeOf({ response, status, flow }: Answer): Outcome {
  if (isNotRunning(response, flow?.start)) return { kind: "absent" };
  return { kind: "answered", status, exception: response.headers.has("MF-Experimental-Error-Stack") };
}
