import type { PoolConfig } from "../config/pool.ts";
import type { RateLevels, RateUsage } from "../firewall/rate-usage.ts";
import type { CountersDelta } from "../telemetry/counters.ts";
import type { Snapshot } from "./snapshot.ts";

/** What an isolate saw of a server since its last report. */
export interface ServerReport {
  /** The pool's `observe.errorLimit` was reached, so this is to follow; `null` when not. */
  readonly observed: NonNullable<PoolConfig["observe"]>["onError"] | null;
  /** Answers, and the time until the header of all of them together: by these control finds servers that are too slow. */
  readonly answers: number;
  readonly answerMs: number;
}

/** What an isolate of the front tells control, once a second at most while it has requests. */
export interface Report {
  /** A random name of the isolate. */
  readonly isolate: string;
  /** Grows by one with each report; one that comes twice counts once. */
  readonly sequence: number;
  /** The snapshot that it has; `null` at first. */
  readonly known: { readonly reign: string; readonly generation: number } | null;
  /** By pool, then by server; servers without news are not in it. */
  readonly pools: Readonly<Record<string, Readonly<Record<string, ServerReport>>>>;
  /** What was counted since the report before. */
  readonly counters: CountersDelta;
  /** What clients used of their rates since then. */
  readonly rates: RateUsage;
}

/** What control answers. */
export interface SyncReply {
  /** `null` when the isolate has the newest one. */
  readonly snapshot: Snapshot | null;
  /**
   * How many isolates began before this one: so many turns it passes over, or the first requests of all of them would go
   * to the same server. `null`: it has begun.
   */
  readonly turn: number | null;
  /** What clients have used of their rates, at all isolates together. */
  readonly rates: RateLevels;
}
