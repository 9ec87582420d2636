import { limits } from "../kernel/limits.ts";
import type { HeaderFields } from "./fields.ts";

/** What becomes of a request at an intermediary before it looks for a server. */
export type Admission =
  /** It goes on to a server. */
  | "forward"
  /** `TRACE`, which would send the fields of the request back, cookies and all, to a script that may not read them. */
  | "trace"
  /** An `Expect` other than `100-continue`: RFC 9110 10.1.1. */
  | "unknown-expectation"
  /** A target that no cache, log or server would take: RFC 9110 15.5.15. */
  | "uri-too-long"
  /** Fields that are too large, all together: RFC 6585 5. */
  | "header-too-large"
  /** `OPTIONS` that may go no further: the front is the recipient (RFC 9110 7.6.2). */
  | "last-recipient";

/** What of a request is measured. */
export interface Arrived {
  readonly method: string;
  readonly url: string;
  /** Bytes of its fields, names and values. */
  readonly headerBytes: number;
}

/**
 * Judges the fields that speak to an intermediary, and takes from them what is done with here: `Expect`, which the runtime
 * has answered by `100 Continue`, and one from the hops that an `OPTIONS` may still make.
 */
export function admit({ method, url, headerBytes }: Arrived, fields: HeaderFields): Admission {
  if (method === "TRACE") return "trace";
  if (url.length > limits.urlLength) return "uri-too-long";
  if (headerBytes > limits.headerBytes) return "header-too-large";
  const expectation = fields.get("Expect");
  if (expectation !== null) {
    if (expectation.trim().toLowerCase() !== "100-continue") return "unknown-expectation";
    fields.delete("Expect");
  }
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
