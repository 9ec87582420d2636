import type { Lsn } from "../../shared/kernel/brand.ts";
import { failure } from "../../shared/kernel/error.ts";
import type { Append } from "../../shared/replication/admit.ts";
import { formatBookmark } from "../../shared/replication/bookmark.ts";
import { Replica, type AppendReply } from "../../shared/replication/replica.ts";
import type { BatchOutcome } from "../../shared/replication/statement-run.ts";
import type { SqlEngine } from "../../shared/sql/engine.ts";
import type { QueryRequest, Role } from "./messages.ts";
import { refusesReads, type Standing } from "../../shared/replication/standing.ts";
import { PositionWaiters } from "./position-waiters.ts";
import { Rebuilder, type RebuilderHost } from "./rebuilder.ts";

/** Drives a replica: append and replay, then let the readers go on that wait for it. */
export class ReplicaRole {
  readonly name: Role = "replica";
  readonly #replica: Replica;
  readonly #waiters = new PositionWaiters();
  readonly #rebuilder: Rebuilder;

  private constructor(engine: SqlEngine, host: RebuilderHost) {
    this.#replica = new Replica(engine);
    this.#rebuilder = new Rebuilder(host, this.#replica.snapshot);
  }

  /** Turns foreign keys off, which takes effect only outside a transaction, so after what the start itself has written. */
  static async open(engine: SqlEngine, storage: DurableObjectStorage, host: RebuilderHost): Promise<ReplicaRole> {
    await storage.sync();
    engine.run("PRAGMA foreign_keys = OFF");
    return new ReplicaRole(engine, host);
  }

  get log() {
    return this.#replica.log;
  }

  get standing(): Standing {
    return this.#replica.standing;
  }

  /** Runs a batch that reads, once the replica holds the asked position; `behind` if it does not in time. */
  async query({ statements, bookmark, waitMs }: QueryRequest): Promise<BatchOutcome> {
    const refused = refusesReads(this.standing);
    if (refused) return refused;
    const reached = () => bookmark === null || formatBookmark(this.log.position) >= bookmark;
    if (await this.#waiters.until(reached, waitMs)) return this.#replica.query(statements);
    return failure("behind", `The replica is at ${formatBookmark(this.log.position)}, before ${bookmark}.`);
  }

  append(append: Append): AppendReply {
    const reply = this.#replica.append(append);
    this.#waiters.wake();
    // What was found while it verifies itself may have had it begin anew.
    this.#rebuilder.woke();
    return reply;
  }

  /** Drops what this replica holds and has it filled anew from the primary. */
  rebuild(): void {
    this.#rebuilder.begin();
  }

  /** The primary's log ends at `last`, before what this replica has. */
  reject(last: Lsn): void {
    this.#replica.reject(last);
  }

  /** The alarm went off: a snapshot goes on. */
  woke(): void {
    this.#rebuilder.woke();
  }
}
