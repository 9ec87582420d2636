import type { ServerView } from "./snapshot.ts";

/** Whom a server may serve now: all, only the visitors who are bound to it, or nobody. */
export type Fitness = "all" | "bound" | "none";

/** Whether a server may serve, why not, and until when that is so. */
export interface Standing {
  readonly fitness: Fitness;
  /** A few words for an operator. */
  readonly reason: string;
  /** When it changes by time alone; `Infinity`: it does not. */
  readonly untilMs: number;
}

/** What one isolate saw of a server itself. */
export interface Marked {
  /** Until when it counts as down here, because it failed too often; 0: it does not. */
  readonly downUntilMs: number;
}

const standing = (fitness: Fitness, reason: string, untilMs = Infinity): Standing => ({ fitness, reason, untilMs });

const ready = standing("all", "ready and up");

/**
 * Whether a server may serve. HAProxy's rules: a drain, a weight of 0 and `NOLB` keep new visitors away and leave those
 * who are bound to it; a server that is down or in maintenance serves nobody. What no peer has: a drain may end.
 *
 * @param weight from 0; that of the configuration or of an operator.
 */
export function standingOf(view: ServerView, weight: number, marked: Marked, nowMs: number): Standing {
  const { admin, drainUntilMs, health, ejectedUntilMs } = view;
  if (admin === "maint") return standing("none", "in maintenance");
  if (health === "down") return standing("none", "down by its checks");
  if (nowMs < marked.downUntilMs) return standing("none", "failed too often here", marked.downUntilMs);
  if (admin === "drain") return draining(drainUntilMs, nowMs);
  if (health === "stopping") return standing("bound", "stopping by its checks");
  if (ejectedUntilMs !== null && nowMs < ejectedUntilMs)
    return standing("bound", "rests, for it was much slower than the others", ejectedUntilMs);
  return weight === 0 ? standing("bound", "has weight 0") : ready;
}

function draining(untilMs: number | null, nowMs: number): Standing {
  if (untilMs === null) return standing("bound", "draining");
  return nowMs < untilMs ? standing("bound", "draining", untilMs) : standing("none", "drained");
}

/**
 * The share of its weight and `maxconn` that a server has which came back up: HAProxy, `slowstart` (`server_recalc_eweight`).
 *
 * @param upSinceMs when it did; `null`: long ago.
 * @returns sixteenths from 1 to 16, and when the next one comes.
 */
export function slowStart(
  upSinceMs: number | null,
  slowStartMs: number,
  nowMs: number,
): { readonly sixteenths: number; readonly untilMs: number } {
  const ageMs = upSinceMs === null ? slowStartMs : nowMs - upSinceMs;
  if (upSinceMs === null || ageMs >= slowStartMs) return { sixteenths: 16, untilMs: Infinity };
  const sixteenths = Math.min(16, Math.max(1, Math.floor((16 * ageMs + slowStartMs) / slowStartMs)));
  return {
    sixteenths,
    untilMs: Math.min(upSinceMs + slowStartMs, upSinceMs + Math.ceil((sixteenths * slowStartMs) / 16)),
  };
}
