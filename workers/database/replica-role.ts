import { failure } from "../../shared/kernel/error.ts";
import type { Append } from "../../shared/replication/admit.ts";
import { formatBookmark } from "../../shared/replication/bookmark.ts";
import { Replica, type AppendReply } from "../../shared/replication/replica.ts";
import type { BatchOutcome } from "../../shared/replication/statement-run.ts";
import type { SqlEngine } from "../../shared/sql/engine.ts";
import type { QueryRequest, Role } from "./messages.ts";
import { PositionWaiters } from "./position-waiters.ts";

/** Drives a replica: append and replay, then let the readers go on that wait for it. */
export class ReplicaRole {
  readonly name: Role = "replica";
  readonly #replica: Replica;
  readonly #waiters = new PositionWaiters();

  private constructor(engine: SqlEngine) {
    this.#replica = new Replica(engine);
  }

  /** Turns foreign keys off, which takes effect only outside a transaction, so after what the start itself has written. */
  static async open(engine: SqlEngine, storage: DurableObjectStorage): Promise<ReplicaRole> {
    await storage.sync();
    engine.run("PRAGMA foreign_keys = OFF");
    return new ReplicaRole(engine);
  }

  get log() {
    return this.#replica.log;
  }

  /** Runs a batch that reads, once the replica holds the asked position; `behind` if it does not in time. */
  async query({ statements, bookmark, waitMs }: QueryRequest): Promise<BatchOutcome> {
    const reached = () => bookmark === null || formatBookmark(this.log.position) >= bookmark;
    if (await this.#waiters.until(reached, waitMs)) return this.#replica.query(statements);
    return failure("behind", `The replica is at ${formatBookmark(this.log.position)}, before ${bookmark}.`);
  }

  append(append: Append): AppendReply {
    const reply = this.#replica.append(append);
    this.#waiters.wake();
    return reply;
  }
}
