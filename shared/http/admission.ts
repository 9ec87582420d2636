import type { HeaderFields } from "./fields.ts";

/** What becomes of a request at an intermediary before it looks for a server. */
export type Admission =
  /** It goes on to a server. */
  | "forward"
  /** `TRACE`, which would send the fields of the request back, cookies and all, to a script that may not read them. */
  | "trace"
  /** An `Expect` other than `100-continue`: RFC 9110 10.1.1. */
  | "unknown-expectation"
  /** `OPTIONS` that may go no further: the front is the recipient (RFC 9110 7.6.2). */
  | "last-recipient";

/**
 * Judges the fields that speak to an intermediary, and takes from them what is done with here: `Expect`, which the runtime
 * has answered by `100 Continue`, and one from the hops that an `OPTIONS` may still make.
 */
export function admit(method: string, fields: HeaderFields): Admission {
  if (method === "TRACE") return "trace";
  const expectation = fields.get("Expect");
  if (expectation !== null && expectation.trim().toLowerCase() !== "100-continue") return "unknown-expectation";
  fields.delete("Expect");
  return method === "OPTIONS" ? countHop(fields) : "forward";
}

/** `Max-Forwards` has a meaning for `TRACE` and `OPTIONS` only; what is not a number is ignored. */
function countHop(fields: HeaderFields): Admission {
  const field = fields.get("Max-Forwards") ?? "";
  if (!/^\d{1,9}$/.test(field)) return "forward";
  const hops = Number(field);
  if (hops === 0) return "last-recipient";
  fields.set("Max-Forwards", `${hops - 1}`);
  return "forward";
}
