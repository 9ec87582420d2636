import { epoch, type NodeId } from "../../shared/kernel/brand.ts";
import { failure } from "../../shared/kernel/error.ts";
import type { Append } from "../../shared/replication/admit.ts";
import { Primary } from "../../shared/replication/primary.ts";
import type { AppendReply } from "../../shared/replication/replica.ts";
import type { BatchOutcome } from "../../shared/replication/statement-run.ts";
import type { SqlEngine } from "../../shared/sql/engine.ts";
import type { QueryRequest, ReplicaStatus, Role } from "./messages.ts";
import { Shipper, type ShipperHost } from "./shipper.ts";

/** The term of the primary that `site.config.ts` names: roles are fixed, so there is no other. */
const onlyEpoch = epoch(1);

/** Drives the primary: commit, then ship. */
export class PrimaryRole {
  readonly name: Role = "primary";
  readonly #primary: Primary;
  readonly #shipper: Shipper;

  constructor(engine: SqlEngine, host: ShipperHost, replicas: readonly NodeId[]) {
    this.#primary = new Primary(engine, onlyEpoch);
    this.#shipper = new Shipper(host, this.#primary.log, onlyEpoch, replicas);
    this.#shipper.committed();
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
    if (this.log.position.lsn > before) this.#shipper.committed();
    return outcome;
  }

  append({ epoch: term }: Append): AppendReply {
    return {
      ...failure("stale-epoch", `This node is the primary; epoch ${term} is not newer.`),
      position: this.log.position,
    };
  }

  /** The alarm went off: a replica is due for another try. */
  woke(): void {
    this.#shipper.woke();
  }
}
