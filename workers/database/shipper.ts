import { LogDamaged, type BinLog } from "../../shared/binlog/log.ts";
import { present } from "../../shared/kernel/assert.ts";
import { lsn, type Epoch, type Lsn, type NodeId } from "../../shared/kernel/brand.ts";
import { errors, failure, type Failure } from "../../shared/kernel/error.ts";
import { limits } from "../../shared/kernel/limits.ts";
import type { AppendReply } from "../../shared/replication/replica.ts";
import { inTime } from "../common/in-time.ts";
import {
  startShipping,
  stepShipping,
  type Shipping,
  type ShippingEffect,
  type ShippingEvent,
} from "../../shared/replication/shipping.ts";
import type { Append } from "../../shared/replication/admit.ts";
import type { ReplicaStatus } from "./messages.ts";

/** What the shipper needs of the object that it works in. */
export interface ShipperHost {
  now(): number;
  /** One call to a replica, over a fresh stub: a stub that has failed stays broken. */
  append(replica: NodeId, append: Append): Promise<AppendReply>;
  /** Tells a replica to have itself filled anew. */
  rebuild(replica: NodeId): Promise<void>;
  /** Tells a replica that it has more records than this log, which ends at `last`. */
  reject(replica: NodeId, last: Lsn): Promise<void>;
  /** Asks for a call of `woke` at this time, also after a reset. */
  wakeAt(atMs: number): void;
}

/**
 * Carries out what `shared/replication/shipping.ts` decides: calls to the replicas, and an alarm while one of them is away or
 * called. The first commit of a burst sets it, in the same turn; it goes off while the burst goes on, and for the last time after its end.
 */
export class Shipper {
  readonly #host: ShipperHost;
  readonly #log: BinLog;
  readonly #epoch: Epoch;
  readonly #state: Shipping;
  readonly #lastErrors = new Map<NodeId, string>();

  constructor(host: ShipperHost, log: BinLog, epoch: Epoch, replicas: readonly NodeId[]) {
    this.#host = host;
    this.#log = log;
    this.#epoch = epoch;
    this.#state = startShipping(log.position.lsn, replicas);
  }

  /** The log may have grown, or the object has just started. */
  committed(): void {
    this.#step({ type: "committed", last: this.#log.position.lsn });
  }

  /** The alarm went off. */
  woke(): void {
    this.#step({ type: "woke", nowMs: this.#host.now() });
  }

  /** A replica says that it can take records again. */
  ready(replica: NodeId): void {
    this.#step({ type: "ready", replica });
  }

  status(): ReplicaStatus[] {
    return [...this.#state.replicas].map(([node, { acked, inFlight, failures, halted }]) => ({
      node,
      ackedLsn: acked,
      inFlight,
      failures,
      lastError: halted ?? (failures > 0 ? (this.#lastErrors.get(node) ?? null) : null),
    }));
  }

  #step(event: ShippingEvent): void {
    for (const effect of stepShipping(this.#state, event, Math.random)) this.#carryOut(effect);
    if (this.#isUnderWay) this.#host.wakeAt(this.#host.now() + limits.shipResumeMs);
    if (event.type === "acked" || event.type === "committed") this.#purge();
  }

  /** Is a call under way? Then an alarm stands behind it: should the object lose its memory, nobody else would make it again. */
  get #isUnderWay(): boolean {
    return [...this.#state.replicas.values()].some(({ inFlight }) => inFlight);
  }

  #carryOut(effect: ShippingEffect): void {
    switch (effect.type) {
      case "wake":
        return this.#host.wakeAt(effect.atMs);
      case "send":
        return void this.#send(effect.replica, effect.after).then((event) => this.#step(event));
      case "rebuild":
        return void this.#rebuild(effect.replica).then((event) => this.#step(event));
      case "reject":
        return void this.#reject(effect.replica).then((event) => this.#step(event));
    }
  }

  async #rebuild(replica: NodeId): Promise<ShippingEvent> {
    try {
      await inTime(this.#host.rebuild(replica), limits.shipMs);
      return this.#refused(replica, failure("rebuilding", errors.rebuilding.advice), lsn(0));
    } catch (error) {
      return this.#failed(replica, error);
    }
  }

  async #reject(replica: NodeId): Promise<ShippingEvent> {
    const { lsn: last } = this.#log.position;
    try {
      await inTime(this.#host.reject(replica, last), limits.shipMs);
      return this.#refused(replica, failure("diverged", errors.diverged.advice), last);
    } catch (error) {
      return this.#failed(replica, error);
    }
  }

  async #send(replica: NodeId, after: Lsn | null): Promise<ShippingEvent> {
    const { firstLsn } = this.#log;
    if (after !== null && after + 1 < firstLsn)
      return this.#refused(replica, failure("log-purged", `The log begins at ${firstLsn}.`), after);
    try {
      const reply = await inTime(this.#host.append(replica, this.#appendAfter(after)), limits.shipMs);
      return reply.ok
        ? { type: "acked", replica, at: reply.position.lsn }
        : this.#refused(replica, reply, reply.position.lsn);
    } catch (error) {
      if (error instanceof LogDamaged)
        return this.#refused(replica, failure("log-purged", error.message), after ?? lsn(0));
      return this.#failed(replica, error);
    }
  }

  #failed(replica: NodeId, error: unknown): ShippingEvent {
    this.#lastErrors.set(replica, String(error));
    return { type: "failed", replica, nowMs: this.#host.now() };
  }

  #refused(replica: NodeId, { code, message }: Failure, at: Lsn): ShippingEvent {
    this.#lastErrors.set(replica, message);
    return { type: "refused", replica, code, at, nowMs: this.#host.now() };
  }

  #appendAfter(after: Lsn | null): Append {
    const epoch = this.#epoch;
    if (after === null) return { epoch, previous: this.#log.position, records: [] };
    const records = this.#log.read(lsn(after + 1), { bytes: limits.shipBytes, records: limits.shipRecords });
    const checksum = present(records[0], `record ${after + 1}`).header.previous;
    return { epoch, previous: { lsn: after, checksum }, records: records.map(({ bytes }) => bytes) };
  }

  /** Drops what no replica needs any more beyond what is kept for late ones, and past a bound what one still needs. */
  #purge(): void {
    const log = this.#log;
    const acked = [...this.#state.replicas.values()].map((progress) => progress.acked ?? lsn(0));
    log.purge(lsn(Math.min(log.position.lsn, ...acked)), limits.segmentsKept);
    log.purge(log.position.lsn, limits.segmentsMost);
  }
}
