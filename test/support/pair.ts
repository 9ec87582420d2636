import { Primary } from "../../shared/replication/primary.ts";
import { Replica, type AppendReply } from "../../shared/replication/replica.ts";
import type { Argument } from "../../shared/sql/parameters.ts";
import type { BatchOutcome } from "../../shared/replication/statement-run.ts";
import { epoch, lsn } from "../../shared/kernel/brand.ts";
import { SqliteEngine } from "./sqlite-engine.ts";

export const firstEpoch = epoch(1);

/** A primary and a replica over `node:sqlite`, with nothing but function calls between them. */
export class Pair {
  readonly primaryEngine = new SqliteEngine();
  readonly replicaEngine = new SqliteEngine();
  readonly primary = new Primary(this.primaryEngine, firstEpoch);
  readonly replica: Replica;
  #nowMs = 1_000;

  constructor() {
    this.replicaEngine.run("PRAGMA foreign_keys = OFF");
    this.replica = new Replica(this.replicaEngine);
  }

  /** Runs one statement on the primary. */
  execute(sql: string, ...parameters: Argument[]): BatchOutcome {
    return this.batch([sql, ...parameters]);
  }

  /** Runs several statements, each with its parameters, as one transaction on the primary. */
  batch(...statements: readonly [string, ...Argument[]][]): BatchOutcome {
    this.#nowMs += 1;
    return this.primary.execute(statements.map(([sql, ...parameters]) => ({ sql, parameters })), this.#nowMs);
  }

  /** Sends the replica all that it lacks. */
  ship(): AppendReply {
    const from = this.replica.log.position;
    const records = this.primary.log.read(lsn(from.lsn + 1), { bytes: Infinity, records: Infinity });
    return this.replica.append({ epoch: firstEpoch, previous: from, records: records.map(({ bytes }) => bytes) });
  }
}

