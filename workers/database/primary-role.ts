import { epoch, type NodeId } from "../../shared/kernel/brand.ts";
import { failure } from "../../shared/kernel/error.ts";
import type { Append } from "../../shared/replication/admit.ts";
import { Primary } from "../../shared/replication/primary.ts";
import type { AppendReply } from "../../shared/replication/replica.ts";
import type { BatchOutcome } from "../../shared/replication/statement-run.ts";
import type { SqlEngine } from "../../shared/sql/engine.ts";
import { CheckRounds } from "../../shared/replication/check-round.ts";
import { snapshotPage, type SnapshotReply, type SnapshotRequest } from "../../shared/replication/snapshot-source.ts";
import { Checker, type CheckerHost } from "./checker.ts";
import type { CheckReport, QueryRequest, ReplicaStatus, Role } from "./messages.ts";
import { Shipper, type ShipperHost } from "./shipper.ts";

/** The term of the primary that `site.config.ts` names: roles are fixed, so there is no other. */
const onlyEpoch = epoch(1);

/** Drives the primary: commit, then ship. */
export class PrimaryRole {
  readonly name: Role = "primary";
  readonly #engine: SqlEngine;
  readonly #primary: Primary;
  readonly #shipper: Shipper;
  readonly #checker: Checker;

  constructor(engine: SqlEngine, host: ShipperHost & CheckerHost, replicas: readonly NodeId[]) {
    this.#engine = engine;
    this.#primary = new Primary(engine, onlyEpoch);
    this.#shipper = new Shipper(host, this.#primary.log, onlyEpoch, replicas);
    this.#shipper.committed();
    this.#checker = new Checker(host, new CheckRounds(engine, this.#primary), () => this.#shipper.committed());
  }

  get log() {
    return this.#primary.log;
  }

  get replicas(): ReplicaStatus[] {
    return this.#shipper.status();
  }

  /** Runs a batch, reading or writing. What it committed is on its way to the replicas when it returns. */
  query({ statements }: QueryRequest, nowMs: number): BatchOutcome {
    const before = this.log.position.lsn;
    const outcome = this.#primary.execute(statements, nowMs);
    if (this.log.position.lsn > before) this.#committed(nowMs);
    return outcome;
  }

  #committed(nowMs: number): void {
    this.#shipper.committed();
    this.#checker.committed(nowMs);
  }

  append({ epoch: term }: Append): AppendReply {
    return {
      ...failure("stale-epoch", `This node is the primary; epoch ${term} is not newer.`),
      position: this.log.position,
    };
  }

  /** Begins a check of the whole database, which the replicas make as well. */
  check(): CheckReport {
    return this.#checker.ask();
  }

  get checks(): CheckReport {
    return this.#checker.report();
  }

  /** A page of the database for a replica that is filled anew. */
  snapshot(request: SnapshotRequest): SnapshotReply {
    return snapshotPage(this.#engine, this.log, this.#primary.tables, request);
  }

  /** `replica` has all pages: it needs records again, and a whole round of checks before it serves. */
  ready(replica: NodeId): void {
    this.check();
    this.#shipper.ready(replica);
  }

  /** The alarm went off: a replica is due for another try, or a check goes on. */
  woke(): void {
    this.#shipper.woke();
    this.#checker.woke();
  }
}
