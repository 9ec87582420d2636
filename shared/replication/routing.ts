import type { Bookmark, NodeId } from "../kernel/brand.ts";
import type { Random } from "../kernel/random.ts";
import { backoffMs } from "../kernel/retry.ts";

/** What a client has learnt of one replica that did not serve. */
interface Avoidance {
  readonly untilMs: number;
  readonly failures: number;
  /** Where it stood, if it answered that it is behind: what needs no more may still be asked of it. */
  readonly at: Bookmark | null;
}

/** A client's memory of where to read. Lost with the client, at no harm. */
export interface ReadRouting {
  next: number;
  readonly avoided: Map<NodeId, Avoidance>;
}

/** A memory that knows nothing. Its turn begins anywhere: many clients that start together must not all start at the same replica. */
export const startRouting = (random: Random): ReadRouting => ({
  next: Math.floor(random() * 2 ** 16),
  avoided: new Map(),
});

/** A replica that was behind is left alone for this long: about what it takes to ship a burst. */
export const behindMs = 500;

/** Waits before a replica that failed is tried again. */
export const failedBackoff = { baseMs: 500, capMs: 10_000 } as const;

/**
 * The replicas to ask for a read, in order: round robin, so that all carry load, without those that lately failed or were
 * behind what is asked. Where none of them serves, the primary does: it is always far enough.
 *
 * @param bookmark what the answer must contain, or `null` for any state.
 */
export function readOrder(
  routing: ReadRouting,
  replicas: readonly NodeId[],
  bookmark: Bookmark | null,
  nowMs: number,
): NodeId[] {
  const fit = replicas.filter((replica) => mayServe(routing.avoided.get(replica), bookmark, nowMs));
  const start = routing.next % Math.max(fit.length, 1);
  routing.next += 1;
  return [...fit.slice(start), ...fit.slice(0, start)];
}

function mayServe(avoidance: Avoidance | undefined, bookmark: Bookmark | null, nowMs: number): boolean {
  if (!avoidance || nowMs >= avoidance.untilMs) return true;
  return avoidance.at !== null && (bookmark === null || bookmark <= avoidance.at);
}

/** `replica` answered that it stands at `at`, before what was asked. */
export function wasBehind(routing: ReadRouting, replica: NodeId, at: Bookmark, nowMs: number): void {
  routing.avoided.set(replica, { untilMs: nowMs + behindMs, failures: 0, at });
}

/** `replica` did not answer. */
export function hasFailed(routing: ReadRouting, replica: NodeId, nowMs: number, random: Random): void {
  const failures = (routing.avoided.get(replica)?.failures ?? 0) + 1;
  routing.avoided.set(replica, {
    untilMs: nowMs + failedBackoff.baseMs / 2 + backoffMs(failures, failedBackoff, random),
    failures,
    at: null,
  });
}

/** `replica` served: it is as good as any. */
export function hasServed(routing: ReadRouting, replica: NodeId): void {
  routing.avoided.delete(replica);
}
