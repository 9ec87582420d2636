import { readChanges, type Change } from "../../shared/binlog/record.ts";
import { present } from "../../shared/kernel/assert.ts";
import { epoch, lsn } from "../../shared/kernel/brand.ts";
import { Primary } from "../../shared/replication/primary.ts";
import { Replica, type AppendReply } from "../../shared/replication/replica.ts";
import type { BatchOutcome } from "../../shared/replication/statement-run.ts";
import type { Argument } from "../../shared/sql/parameters.ts";
import type { ResultCell } from "../../shared/sql/exact-result.ts";
import { dump, type Dump } from "./dump.ts";
import { SqliteEngine } from "./sqlite-engine.ts";

export const firstEpoch = epoch(1);

/** A primary and a replica over `node:sqlite`, with nothing but function calls between them. */
export class Pair {
  readonly primaryEngine = new SqliteEngine();
  readonly replicaEngine = new SqliteEngine();
  primary = new Primary(this.primaryEngine, firstEpoch);
  replica: Replica;
  #nowMs = 1_000;

  /** @param statements what the primary runs first, one by one. */
  constructor(...statements: string[]) {
    this.replicaEngine.run("PRAGMA foreign_keys = OFF");
    this.replica = new Replica(this.replicaEngine);
    for (const sql of statements) this.rows(sql);
  }

  /** Both nodes lose their memory and start again on what they have stored. */
  restart(): void {
    this.primary = new Primary(this.primaryEngine, firstEpoch);
    this.replica = new Replica(this.replicaEngine);
  }

  /** Runs one statement on the primary. */
  execute(sql: string, ...parameters: Argument[]): BatchOutcome {
    return this.batch([sql, ...parameters]);
  }

  /** Runs one statement on the primary, which must succeed, and gives its rows. */
  rows(sql: string, ...parameters: Argument[]): readonly (readonly ResultCell[])[] {
    const outcome = this.execute(sql, ...parameters);
    if (!outcome.ok) throw new Error(`${sql}: ${outcome.message}`);
    return present(outcome.results[0], "the result").rows;
  }

  /** Runs several statements, each with its parameters, as one transaction on the primary. */
  batch(...statements: readonly [string, ...Argument[]][]): BatchOutcome {
    this.#nowMs += 1;
    return this.primary.execute(
      statements.map(([sql, ...parameters]) => ({ sql, parameters })),
      this.#nowMs,
    );
  }

  /** What the primary's last record says. */
  lastChanges(): Change[] {
    const { log } = this.primary;
    return readChanges(present(log.read(log.position.lsn, { bytes: 0, records: 1 })[0], "a record"));
  }

  /** Sends the replica all that it lacks. */
  ship(): AppendReply {
    const from = this.replica.log.position;
    const records = this.primary.log.read(lsn(from.lsn + 1), { bytes: Infinity, records: Infinity });
    return this.replica.append({ epoch: firstEpoch, previous: from, records: records.map(({ bytes }) => bytes) });
  }

  /** All that a user could see of each node. */
  async dumps(): Promise<{ readonly primary: Dump; readonly replica: Dump }> {
    const of = (engine: SqliteEngine) => dump((sql) => engine.run(sql).rows.map((row) => [...row]));
    return { primary: await of(this.primaryEngine), replica: await of(this.replicaEngine) };
  }
}
