import type { AdminState } from "./snapshot.ts";

/** What an operator changes of a server. */
export type AdminChange =
  /** `forMs`: after so long a drain ends for those who are bound to the server, too; `null`: when they leave by themselves. */
  | { readonly type: "state"; readonly state: AdminState; readonly forMs: number | null }
  /** `null`: the weight of the configuration. */
  | { readonly type: "weight"; readonly weight: number | null }
  /** The health, whatever the checks say until the next one. HAProxy, `set server <b>/<s> health`. */
  | { readonly type: "health"; readonly health: "up" | "stopping" | "down" };

/** Why a text is no weight, in HAProxy's words (`server.c`, `server_parse_weight_change_request`). */
export type WeightError =
  | "Require <weight> or <weight%>."
  | "Empty weight string empty or preceded by garbage"
  | "Trailing garbage in weight string"
  | "Relative weight must be positive."
  | "Absolute weight can only be between 0 and 256 inclusive.";

const most = 256;

/**
 * Reads a weight as HAProxy does: `0` to `256`, or a share of the configured one, such as `50%`.
 *
 * @param initial the weight of the configuration.
 */
export function readWeight(text: string, initial: number): number | WeightError {
  if (text === "") return "Require <weight> or <weight%>.";
  const [, digits = "", rest = ""] = /^\s*([+-]?\d+)?(.*)$/s.exec(text) ?? [];
  if (digits === "") return "Empty weight string empty or preceded by garbage";
  const number = Number(digits);
  if (rest.startsWith("%")) return relative(number, rest, initial);
  if (rest !== "") return "Trailing garbage in weight string";
  return number >= 0 && number <= most ? number : "Absolute weight can only be between 0 and 256 inclusive.";
}

function relative(percent: number, rest: string, initial: number): number | WeightError {
  if (rest !== "%") return "Trailing garbage in weight string";
  if (percent < 0) return "Relative weight must be positive.";
  return Math.min(most, Math.floor((initial * percent) / 100));
}
