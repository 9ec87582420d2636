import type { CheckAnswer } from "../../shared/balance/check.ts";
import { targetOfBinding } from "../../shared/admin/fault.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { partitioned } from "./fault-port.ts";
import { inTime, TimedOut } from "./in-time.ts";
import { type Ask, type ServerAddress, wayTo } from "./server.ts";

/** What a server is asked for, past the balancer. */
export interface Probe {
  readonly path: string;
  readonly method: "GET" | "HEAD";
  /** Time for the header, and for the body of a GET. */
  readonly timeoutMs: number;
}

/** The header of its first page, which says that it runs. */
export const firstPage: Probe = { path: "/", method: "HEAD", timeoutMs: limits.probeMs };

/**
 * Asks a server directly. Takes no longer than `timeoutMs`, and never throws.
 *
 * @param env the bindings of the Worker that asks.
 * @param from that Worker, as a target of faults.
 * @returns with the first `limits.checkBodyBytes` of the body where the method is GET.
 */
export async function probe(env: object, from: string, server: ServerAddress, asked: Probe): Promise<CheckAnswer> {
  const startMs = Date.now();
  const failed = (error: string): CheckAnswer => ({ type: "failed", error, durationMs: Date.now() - startMs });
  const ask = wayTo(env, server);
  if (ask === null) return failed("no such service binding");
  const target = server.binding === undefined ? null : targetOfBinding(server.binding);
  if (target !== null && (partitioned(from, target) || partitioned(target, from))) return failed("partitioned");
  try {
    const { status, body } = await inTime(answerOf(ask, asked), asked.timeoutMs);
    return { type: "answered", status, body, durationMs: Date.now() - startMs };
  } catch (error) {
    if (isLate(error)) return { type: "late", durationMs: Date.now() - startMs };
    return failed(error instanceof Error ? error.message : String(error));
  }
}

/** The signal ends the call itself; some calls do not hear it, and are left behind. */
async function answerOf(ask: Ask, { path, method, timeoutMs }: Probe) {
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await ask(new URL(`http://probe.invalid${path}`), { method, redirect: "manual", signal });
  const body = method === "GET" ? await startOf(response) : null;
  if (method === "HEAD") await response.body?.cancel();
  return { status: response.status, body };
}

/** The first bytes of a body as text. A character that is cut off at the end is none. */
async function startOf({ body }: Response): Promise<string> {
  if (body === null) return "";
  const [decoder, reader] = [new TextDecoder(), (body as ReadableStream<Uint8Array>).getReader()];
  let [text, left] = ["", limits.checkBodyBytes];
  while (left > 0) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value.subarray(0, left), { stream: true });
    left -= value.length;
  }
  await reader.cancel();
  return text;
}

const isLate = (error: unknown): boolean =>
  error instanceof TimedOut || (error instanceof Error && error.name === "TimeoutError");
