import type { Bookmark, Lsn, NodeId } from "../../shared/kernel/brand.ts";
import type { Failure } from "../../shared/kernel/error.ts";
import type { CheckRound } from "../../shared/replication/check-round.ts";
import type { Standing } from "../../shared/replication/standing.ts";
import type { StatementRequest, StatementResult } from "../../shared/replication/statement-run.ts";

/** A batch for a node; one transaction if it writes. */
export interface QueryRequest {
  /** Who asks, such as `origin-a`. */
  readonly client: string;
  readonly statements: readonly StatementRequest[];
  /** A replica answers only from a state that holds this position; `null` for any state. */
  readonly bookmark: Bookmark | null;
  /** How long a replica may wait for that position. */
  readonly waitMs: number;
}

/** What a node answers, and from where. */
export type QueryReply = ({ readonly ok: true; readonly results: readonly StatementResult[] } | Failure) & {
  readonly node: NodeId;
  readonly role: Role;
  /** Where the node's log ends: all that the answer can have seen. */
  readonly bookmark: Bookmark;
  readonly schemaVersion: number;
  /** Time of the work by the node's clock; 0 where the platform stops clocks during it. */
  readonly durationMs: number;
  readonly sizeBytes: number;
};

export type Role = "primary" | "replica";

/** A replica as its primary sees it. */
export interface ReplicaStatus {
  readonly node: NodeId;
  /** The last record that it is known to have; `null` while it was not asked. */
  readonly ackedLsn: number | null;
  readonly inFlight: boolean;
  readonly failures: number;
  readonly lastError: string | null;
}

/** What a round of checks found, as far as it has come: a replica that has replayed `lsn` holds what the primary held. */
export interface CheckReport {
  /** Rounds over the whole database that came to their end. */
  readonly rounds: number;
  /** Whether a round that somebody asked for is under way. */
  readonly running: boolean;
  /** The round under way, whoever began it. */
  readonly round: CheckRound | null;
  /** The last one that came to its end. */
  readonly done: CheckRound | null;
}

/** What a node says of itself. */
export interface NodeStatus {
  readonly node: NodeId;
  readonly role: Role;
  readonly epoch: number;
  readonly lsn: number;
  readonly bookmark: Bookmark;
  readonly schemaVersion: number;
  /** On the primary only. */
  readonly replicas?: readonly ReplicaStatus[];
  /** On the primary only. */
  readonly check?: CheckReport;
  /** On a replica only: what it may do, and why no more than that. */
  readonly standing?: Standing["state"];
  readonly difference?: string;
}

/** Records of a node's log in their binary form, and which it keeps. */
export interface BinlogReport {
  readonly firstLsn: Lsn;
  /** 0 in an empty log. */
  readonly lastLsn: Lsn;
  readonly records: readonly Uint8Array[];
}
