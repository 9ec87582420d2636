import { limits } from "../kernel/limits.ts";
import type { Backoff } from "../kernel/retry.ts";

/** What became of one try, as far as its first byte. */
export type Outcome =
  /** There is no such server: nothing ran. */
  | { readonly kind: "absent" }
  /** The call failed without an answer. A service binding does not tell why, so the origin may have run. */
  | { readonly kind: "rejected" }
  /** The header of a response. */
  | { readonly kind: "answered"; readonly status: number; readonly exception: boolean };

/** What the decision needs to know of the request. */
export interface Repeatability {
  readonly method: string;
  /** Whether the servers know a second try by its `Idempotency-Key`, and answer it with what the first one got. */
  readonly keyed: boolean;
  /** `none`, or held in memory whole, or gone with the try that it was streamed to. */
  readonly body: "none" | "buffered" | "streamed";
}

/** Methods whose repetition does no more than one run: RFC 9110 9.2.2. */
const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"]);

/** Statuses by which a server says that it, or what stands behind it, is not fit to answer: RFC 9110 15.6.3 to 15.6.5. */
const gatewayFailures: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * Whether a try failed on the server's side, so that another server may do better. An application's own 500 has not: the
 * next server runs the same program.
 */
export function isFailure(outcome: Outcome): boolean {
  return outcome.kind !== "answered" || outcome.exception || gatewayFailures.has(outcome.status);
}

/**
 * Whether the next server may get a request whose try failed. Stricter than HAProxy, which repeats a POST when told to
 * retry at all, and like nginx (`proxy_next_upstream` without `non_idempotent`): what may have run is repeated only if
 * its method is idempotent or it has a key, and only if its body is still there.
 */
export function mayRedispatch(outcome: Outcome, { method, body, keyed }: Repeatability): boolean {
  if (!isFailure(outcome) || body === "streamed") return false;
  return outcome.kind === "absent" || idempotent.has(method) || keyed;
}

/**
 * Whether an answer speaks well of its server. HAProxy manual 5.2, `observe layer7`: 100 to 499, 501 and 505 do.
 */
export function isGood(outcome: Outcome): boolean {
  if (outcome.kind !== "answered" || outcome.exception) return false;
  return outcome.status < 500 || outcome.status === 501 || outcome.status === 505;
}

/**
 * How long to wait before a try: the first one on another server comes at once, later ones after a pause that grows. Envoy,
 * `retry_back_off`.
 */
export const retryBackoff: Backoff = { baseMs: 25, capMs: 250 };

/**
 * Whether to hold a request's body in memory, so that it can be sent again. For a method that is not repeated, it keeps a
 * slow client from holding a server (nginx, `proxy_request_buffering`), and costs less than a stream.
 *
 * @param contentLength the field's value; a body of unstated length could be of any, so it is streamed.
 */
export function isWorthBuffering(contentLength: string | null): boolean {
  return contentLength !== null && Number(contentLength) <= limits.replayBodyBytes;
}
