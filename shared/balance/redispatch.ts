import { limits } from "../kernel/limits.ts";

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
 * its method is idempotent, and only if its body is still there.
 */
export function mayRedispatch(outcome: Outcome, { method, body }: Repeatability): boolean {
  if (!isFailure(outcome) || body === "streamed") return false;
  return outcome.kind === "absent" || idempotent.has(method);
}

/**
 * Whether to hold a request's body in memory, so that it can be sent again. For a method that is not repeated, it keeps a
 * slow client from holding a server (nginx, `proxy_request_buffering`), and costs less than a stream.
 *
 * @param contentLength the field's value; a body of unstated length could be of any, so it is streamed.
 */
export function isWorthBuffering(contentLength: string | null): boolean {
  return contentLength !== null && Number(contentLength) <= limits.replayBodyBytes;
}
