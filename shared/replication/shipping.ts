import { assert, present } from "../kernel/assert.ts";
import type { Lsn, NodeId } from "../kernel/brand.ts";
import type { ErrorCode } from "../kernel/error.ts";
import type { Random } from "../kernel/random.ts";
import { backoffMs } from "../kernel/retry.ts";

/** How far one replica is, as the primary knows it. */
export interface Progress {
  /** The last record that the replica has; `null` until it was asked, after a start of the primary. */
  readonly acked: Lsn | null;
  readonly inFlight: boolean;
  /** Tries that failed since it last took records, or had them all. */
  readonly failures: number;
  readonly retryAtMs: number | null;
  /** Why nothing is sent to this replica any more. An operator must act. */
  readonly halted: ErrorCode | null;
}

/** The shipping side of a primary: the end of its log, and its replicas. */
export interface Shipping {
  last: Lsn;
  readonly replicas: Map<NodeId, Progress>;
}

export type ShippingEvent =
  /** The log has grown to `last`; also sent once after a start. */
  | { readonly type: "committed"; readonly last: Lsn }
  /** The replica has everything up to `at`. */
  | { readonly type: "acked"; readonly replica: NodeId; readonly at: Lsn }
  /** The replica took nothing; it stands at `at`. */
  | {
      readonly type: "refused";
      readonly replica: NodeId;
      readonly code: ErrorCode;
      readonly at: Lsn;
      readonly nowMs: number;
    }
  /** The call failed or did not end in time: the replica may or may not have taken the records. */
  | { readonly type: "failed"; readonly replica: NodeId; readonly nowMs: number }
  /** The replica says of itself that it can take records again. */
  | { readonly type: "ready"; readonly replica: NodeId }
  /** The alarm that an earlier `wake` asked for. */
  | { readonly type: "woke"; readonly nowMs: number };

export type ShippingEffect =
  /** Send what follows `after`; `null` means: send nothing, ask where the replica stands. */
  | { readonly type: "send"; readonly replica: NodeId; readonly after: Lsn | null }
  /** Tell the replica to have itself filled anew: the log no longer holds what it lacks. Its answer is `refused` as `rebuilding`. */
  | { readonly type: "rebuild"; readonly replica: NodeId }
  /** Tell the replica that it has records which this log has not, so that it serves nobody. Its answer is `refused` as `diverged`. */
  | { readonly type: "reject"; readonly replica: NodeId }
  /** Call back with `woke` at this time; a later `wake` replaces it. */
  | { readonly type: "wake"; readonly atMs: number };

/** Waits between tries after a failure: soon enough for a replica that was only reset, rare enough for one that is gone. */
export const shippingBackoff = { baseMs: 100, capMs: 30_000 } as const;

const unknown: Progress = { acked: null, inFlight: false, failures: 0, retryAtMs: null, halted: null };

export const startShipping = (last: Lsn, replicas: readonly NodeId[]): Shipping => ({
  last,
  replicas: new Map(replicas.map((replica) => [replica, unknown])),
});

/**
 * Decides what a primary sends. At most one call is under way to each replica; what is committed meanwhile goes with the
 * next one, all together (group commit). The replica's own word says where to go on, so a reset of either side loses
 * nothing and an append may come twice. While there is nothing to ship, no effect is asked for.
 */
export function stepShipping(state: Shipping, event: ShippingEvent, random: Random): ShippingEffect[] {
  switch (event.type) {
    case "committed":
      state.last = event.last;
      return [...state.replicas.keys()].flatMap((replica) => sendNext(state, replica));
    case "acked":
      return acknowledge(state, event.replica, event.at);
    case "refused":
      return refuse(state, event, random);
    case "failed":
      return retryLater(state, event, random);
    case "ready":
      return resume(state, event.replica);
    case "woke":
      return wakeUp(state, event.nowMs);
  }
}

function acknowledge(state: Shipping, replica: NodeId, at: Lsn): ShippingEffect[] {
  if (at > state.last) return [{ type: "reject", replica }];
  const { acked, failures } = progressOf(state, replica);
  // That it answers where it stands does not make good that it could not take what follows.
  const isGood = at === state.last || (acked !== null && at > acked);
  update(state, replica, { acked: at, inFlight: false, failures: isGood ? 0 : failures, retryAtMs: null });
  return sendNext(state, replica);
}

function refuse(state: Shipping, event: Extract<ShippingEvent, { type: "refused" }>, random: Random): ShippingEffect[] {
  const { replica, code, at } = event;
  if (code === "diverged" || code === "stale-epoch") return halt(state, replica, code);
  if (code === "log-purged") return [{ type: "rebuild", replica }];
  const moved = progressOf(state, replica).acked !== at;
  if (code === "gap" && moved) return acknowledge(state, replica, at);
  return retryLater(state, event, random);
}

function halt(state: Shipping, replica: NodeId, code: ErrorCode): ShippingEffect[] {
  update(state, replica, { inFlight: false, retryAtMs: null, halted: code });
  return [];
}

/** Whatever was wrong with the replica is over. A call that is under way goes on; the next one asks where it stands. */
function resume(state: Shipping, replica: NodeId): ShippingEffect[] {
  update(state, replica, { acked: null, failures: 0, retryAtMs: null, halted: null });
  return sendNext(state, replica);
}

function retryLater(
  state: Shipping,
  { replica, nowMs }: { replica: NodeId; nowMs: number },
  random: Random,
): ShippingEffect[] {
  const failures = progressOf(state, replica).failures + 1;
  const retryAtMs = nowMs + 1 + backoffMs(failures, shippingBackoff, random);
  update(state, replica, { acked: null, inFlight: false, failures, retryAtMs });
  return nextWake(state);
}

function wakeUp(state: Shipping, nowMs: number): ShippingEffect[] {
  const due = [...state.replicas].filter(([, { retryAtMs }]) => retryAtMs !== null && retryAtMs <= nowMs);
  for (const [replica] of due) update(state, replica, { retryAtMs: null });
  return [...due.flatMap(([replica]) => sendNext(state, replica)), ...nextWake(state)];
}

/** The earliest time at which a replica is to be tried again. */
function nextWake(state: Shipping): ShippingEffect[] {
  const times = [...state.replicas.values()].flatMap(({ retryAtMs }) => retryAtMs ?? []);
  return times.length > 0 ? [{ type: "wake", atMs: Math.min(...times) }] : [];
}

function sendNext(state: Shipping, replica: NodeId): ShippingEffect[] {
  const { acked, inFlight, retryAtMs, halted } = progressOf(state, replica);
  if (inFlight || halted !== null || retryAtMs !== null || acked === state.last) return [];
  update(state, replica, { inFlight: true });
  return [{ type: "send", replica, after: acked }];
}

const progressOf = (state: Shipping, replica: NodeId): Progress =>
  present(state.replicas.get(replica), `replica ${replica}`);

function update(state: Shipping, replica: NodeId, change: Partial<Progress>): void {
  const next = { ...progressOf(state, replica), ...change };
  assert(next.acked === null || next.acked <= state.last, `${replica} acknowledged more than the log holds`);
  state.replicas.set(replica, next);
}
