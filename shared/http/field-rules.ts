import type { FieldRules } from "../config/route.ts";
import type { HeaderFields } from "./fields.ts";
import { hopByHop } from "./hop-by-hop.ts";

/**
 * Fields that no rule may touch: those of one connection (RFC 9110 7.6.1), those that say how a body is delimited and
 * coded, or who a request is for, and those by which the front and the servers do their work.
 */
const untouchable: ReadonlySet<string> = new Set(
  [
    ...hopByHop,
    "Content-Encoding",
    "Content-Length",
    "Content-Range",
    "Date",
    "Expect",
    "Host",
    "Idempotency-Key",
    "Max-Forwards",
    "Via",
    "X-Request-Id",
  ].map((name) => name.toLowerCase()),
);

/** Whether a route may set or remove a field. */
export function mayTouch(name: string): boolean {
  const lower = name.toLowerCase();
  return !untouchable.has(lower) && !lower.startsWith("sec-websocket-");
}

/** Compiles what a route does with the fields of a message. First it removes, then it sets, in place of what is there. */
export function openFieldRules({ set, remove }: FieldRules): (fields: HeaderFields) => void {
  const settings = Object.entries(set);
  if (settings.length === 0 && remove.length === 0) return () => {};
  return (fields) => {
    for (const name of remove) fields.delete(name);
    for (const [name, value] of settings) fields.set(name, value);
  };
}
