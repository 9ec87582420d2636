import { emptyLog, type LogPosition } from "../../shared/binlog/log.ts";
import type { SealedRecord } from "../../shared/binlog/record.ts";
import { assert, present } from "../../shared/kernel/assert.ts";
import { epoch, lsn, type Lsn, type NodeId } from "../../shared/kernel/brand.ts";
import { failure, type Failure } from "../../shared/kernel/error.ts";
import { admit, type Append } from "../../shared/replication/admit.ts";
import {
  startShipping,
  stepShipping,
  type Shipping,
  type ShippingEffect,
  type ShippingEvent,
} from "../../shared/replication/shipping.ts";
import { nextRecord } from "./changes.ts";

/** A call on its way. Its primary may have given it up, or have died since. */
interface Call {
  readonly replica: NodeId;
  readonly append: Append;
  awaited: boolean;
}

/** What a replica says: as `AppendReply`, with as much of the position as shipping looks at. */
type Reply = ({ readonly ok: true } | Failure) & { readonly position: Lsn };

const recordsPerCall = 3;

/** A primary that ships to replicas over a network that loses, repeats and delays, with no clock but the one that is set. */
export class ShippingModel {
  readonly log: SealedRecord[] = [];
  readonly replicas: ReadonlyMap<NodeId, SealedRecord[]>;
  readonly calls: Call[] = [];
  /** Everything that was asked for since the model was made. */
  readonly effects: ShippingEffect[] = [];
  nowMs = 0;
  wakeAtMs: number | null = null;
  state: Shipping;
  readonly #random: () => number;

  constructor(names: readonly NodeId[], random: () => number) {
    this.#random = random;
    this.replicas = new Map(names.map((name) => [name, []]));
    this.state = startShipping(lsn(0), names);
  }

  get last(): Lsn {
    return lsn(this.log.length);
  }

  commit(): void {
    this.log.push(nextRecord(this.log.at(-1)));
    this.step({ type: "committed", last: this.last });
  }

  /** The primary loses its memory and starts again. Calls that it made are on their way still; the alarm is kept. */
  resetPrimary(): void {
    for (const call of this.calls) call.awaited = false;
    this.state = startShipping(this.last, [...this.replicas.keys()]);
    this.step({ type: "committed", last: this.last });
  }

  wipe(replica: NodeId): void {
    this.replicas.get(replica)?.splice(0);
  }

  /** The call arrives, and its answer gets back unless it is lost or nobody waits for it any more. */
  deliver(call: Call, fate: "answered" | "answer-lost" | "repeated"): void {
    const reply = this.#receive(call);
    if (fate !== "repeated") this.calls.splice(this.calls.indexOf(call), 1);
    if (fate === "answer-lost") this.fail(call);
    else this.#answer(call, reply);
  }

  /** The primary gives up a call, which may still arrive. */
  fail(call: Call): void {
    if (call.awaited) this.#answer(call, undefined);
  }

  lose(call: Call): void {
    this.calls.splice(this.calls.indexOf(call), 1);
    this.fail(call);
  }

  passTime(ms: number): void {
    this.nowMs += ms;
    if (this.wakeAtMs === null || this.wakeAtMs > this.nowMs) return;
    this.wakeAtMs = null;
    this.step({ type: "woke", nowMs: this.nowMs });
  }

  /** No more faults: calls arrive, time goes on, until nothing is left to do. */
  settle(): void {
    for (let turn = 0; this.calls.length > 0 || this.wakeAtMs !== null; turn += 1) {
      assert(turn < 10_000, "shipping does not come to rest");
      const [call] = this.calls;
      if (call) this.deliver(call, "answered");
      else this.passTime(Math.max(0, (this.wakeAtMs ?? 0) - this.nowMs));
    }
  }

  step(event: ShippingEvent): void {
    for (const effect of stepShipping(this.state, event, this.#random)) {
      this.effects.push(effect);
      if (effect.type === "wake") this.wakeAtMs = effect.atMs;
      else if (effect.type === "send") this.#send(effect.replica, effect.after);
      else throw new Error("the model's log is kept whole");
    }
  }

  #send(replica: NodeId, after: Lsn | null): void {
    assert(!this.calls.some((call) => call.replica === replica && call.awaited), `two calls at once to ${replica}`);
    assert(after === null || after < this.last, `nothing to send to ${replica}`);
    const previous = this.#position(this.log.slice(0, after ?? this.last));
    const records = after === null ? [] : this.log.slice(after, after + recordsPerCall).map(({ bytes }) => bytes);
    this.calls.push({ replica, append: { epoch: epoch(1), previous, records }, awaited: true });
  }

  #receive({ replica, append }: Call): Reply {
    const held = present(this.replicas.get(replica), replica);
    const admitted = admit(this.#position(held), append);
    if (admitted.ok) held.push(...admitted.records);
    return { ...(admitted.ok ? { ok: true } : failure(admitted.code, "")), position: lsn(held.length) };
  }

  #answer(call: Call, reply: Reply | undefined): void {
    if (!call.awaited) return;
    call.awaited = false;
    const { replica } = call;
    const nowMs = this.nowMs;
    if (reply === undefined) this.step({ type: "failed", replica, nowMs });
    else if (reply.ok) this.step({ type: "acked", replica, at: reply.position });
    else this.step({ type: "refused", replica, code: reply.code, at: reply.position, nowMs });
  }

  #position(records: readonly SealedRecord[]): LogPosition {
    const last = records.at(-1);
    if (!last) return emptyLog;
    const { header, checksum } = last;
    return { epoch: header.epoch, lsn: header.lsn, checksum, schemaVersion: header.schemaVersion };
  }
}
