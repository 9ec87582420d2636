import { DurableObject } from "cloudflare:workers";

import site from "#site";
import { assert, present } from "../../shared/kernel/assert.ts";
import { lsn, nodeId, type Lsn, type NodeId } from "../../shared/kernel/brand.ts";
import { limits } from "../../shared/kernel/limits.ts";
import type { Append } from "../../shared/replication/admit.ts";
import { formatBookmark } from "../../shared/replication/bookmark.ts";
import type { AppendReply } from "../../shared/replication/replica.ts";
import { clockOffsetMs, FaultError, partitioned, suffer } from "../common/fault-port.ts";
import type { SnapshotReply, SnapshotRequest } from "../../shared/replication/snapshot-source.ts";
import type { BinlogReport, CheckReport, NodeStatus, QueryReply, QueryRequest } from "./messages.ts";
import { Alarm, type StoredAlarm } from "./alarm.ts";
import { PrimaryRole } from "./primary-role.ts";
import { ReplicaRole } from "./replica-role.ts";
import { StorageEngine } from "./storage-engine.ts";

/** What the database Worker is bound to: see `wrangler.toml`. */
interface DatabaseEnv {
  readonly NODE: DurableObjectNamespace<DatabaseNode>;
}

/**
 * One node of the database: a Durable Object named after it, with SQLite as its disk. It plays the role that
 * `site.config.ts` gives to its name. Reached by RPC only: clients call `query`, the primary calls `append`, `rebuild` and `reject`,
 * a replica calls `snapshot` and `ready`, the operator's API `status`, `check` and `rebuild`.
 */
export class DatabaseNode extends DurableObject<DatabaseEnv> {
  readonly #node: NodeId;
  readonly #engine: StorageEngine;
  readonly #role: Promise<PrimaryRole | ReplicaRole>;
  readonly #alarm: Alarm;

  constructor(context: DurableObjectState, env: DatabaseEnv) {
    super(context, env);
    this.#node = nodeId(present(context.id.name, "the node's name"));
    this.#engine = new StorageEngine(context.storage);
    this.#alarm = new Alarm(this.#storedAlarm());
    this.#role = context.blockConcurrencyWhile(() => this.#start());
  }

  /** Runs a batch. Failures that can be expected are values; what is thrown leaves open whether a write was committed. */
  async query(request: QueryRequest): Promise<QueryReply> {
    await this.#suffer(request.client);
    const role = await this.#role;
    const startedMs = this.#now();
    const outcome = await role.query(request, startedMs);
    const { position } = role.log;
    return {
      ...outcome,
      node: this.#node,
      role: role.name,
      bookmark: formatBookmark(position),
      schemaVersion: position.schemaVersion,
      durationMs: this.#now() - startedMs,
      sizeBytes: this.#engine.sizeBytes,
    };
  }

  /** Takes records from the primary; refused by a primary. */
  async append(primary: NodeId, append: Append): Promise<AppendReply> {
    await this.#suffer(primary);
    return (await this.#role).append(append);
  }

  /** Where this node stands, and its replicas if it is the primary. */
  async status(): Promise<NodeStatus> {
    await suffer(this.#node);
    const role = await this.#role;
    const { epoch, lsn, schemaVersion } = role.log.position;
    const status = {
      node: this.#node,
      role: role.name,
      epoch,
      lsn,
      bookmark: formatBookmark(role.log.position),
      schemaVersion,
    };
    if (role instanceof PrimaryRole) return { ...status, replicas: role.replicas, check: role.checks };
    const { standing } = role;
    return { ...status, standing: standing.state, ...("reason" in standing ? { difference: standing.reason } : {}) };
  }

  /** Begins a check of the whole database, which every replica makes as well; on the primary only. */
  async check(): Promise<CheckReport> {
    await suffer(this.#node);
    return (await this.#primary()).check();
  }

  /** One page of the database for `replica`, which is filled anew; on the primary only. */
  async snapshot(replica: NodeId, request: SnapshotRequest): Promise<SnapshotReply> {
    await this.#suffer(replica);
    return (await this.#primary()).snapshot(request);
  }

  /** `replica` has all pages of its snapshot; on the primary only. */
  async ready(replica: NodeId): Promise<void> {
    await this.#suffer(replica);
    (await this.#primary()).ready(replica);
  }

  /** Drops what this node holds and has it filled anew from the primary; on a replica only. */
  async rebuild(caller: string): Promise<void> {
    await this.#suffer(caller);
    (await this.#replica()).rebuild();
  }

  /** This node has more records than the primary, whose log ends at `last`; on a replica only. */
  async reject(primary: NodeId, last: Lsn): Promise<void> {
    await this.#suffer(primary);
    (await this.#replica()).reject(last);
  }

  /** Records of this node's log from `from` on, or its newest ones: `most` of them, fewer where they are large. */
  async binlog(from: Lsn | null, most: number): Promise<BinlogReport> {
    await suffer(this.#node);
    const { log } = await this.#role;
    const first = lsn(Math.max(log.firstLsn, from ?? log.position.lsn + 1 - most));
    const records = log.read(first, { bytes: limits.shipBytes, records: most });
    return { firstLsn: log.firstLsn, lastLsn: log.position.lsn, records: records.map(({ bytes }) => bytes) };
  }

  /** Ends this instance at once, its memory lost, as a crash would: for fault injection. */
  crash(): void {
    this.ctx.abort("fault: abort");
  }

  override async alarm(): Promise<void> {
    this.#alarm.wentOff();
    (await this.#role).woke();
  }

  async #start(): Promise<PrimaryRole | ReplicaRole> {
    await this.#alarm.open();
    const { primary, replicas } = site.database;
    if (this.#node === primary) return new PrimaryRole(this.#engine, this.#primaryHost(), replicas.map(nodeId));
    if (!replicas.includes(this.#node)) throw new Error(`${this.#node} is no node of the database in site.config.ts.`);
    return ReplicaRole.open(this.#engine, this.ctx.storage, this.#replicaHost());
  }

  async #primary(): Promise<PrimaryRole> {
    const role = await this.#role;
    assert(role instanceof PrimaryRole, `${this.#node} is not the primary`);
    return role;
  }

  async #replica(): Promise<ReplicaRole> {
    const role = await this.#role;
    assert(role instanceof ReplicaRole, `${this.#node} is no replica`);
    return role;
  }

  #primaryHost() {
    return {
      now: () => this.#now(),
      wait: (ms: number) => scheduler.wait(ms),
      wakeAt: (atMs: number) => this.#alarm.wakeAt(atMs),
      append: (replica: NodeId, append: Append) => this.env.NODE.getByName(replica).append(this.#node, append),
      rebuild: (replica: NodeId) => this.env.NODE.getByName(replica).rebuild(this.#node),
      reject: (replica: NodeId, last: Lsn) => this.env.NODE.getByName(replica).reject(this.#node, last),
    };
  }

  #replicaHost() {
    const primary = () => this.env.NODE.getByName(site.database.primary);
    return {
      now: () => this.#now(),
      wakeAt: (atMs: number) => this.#alarm.wakeAt(atMs),
      pull: (request: SnapshotRequest): Promise<SnapshotReply> => primary().snapshot(this.#node, request),
      announce: () => primary().ready(this.#node),
    };
  }

  #storedAlarm(): StoredAlarm {
    const offsetMs = () => clockOffsetMs(this.#node);
    const { storage } = this.ctx;
    return {
      async get() {
        const atMs = await storage.getAlarm();
        return atMs === null ? null : atMs + offsetMs();
      },
      set: (atMs) => void storage.setAlarm(atMs - offsetMs()),
    };
  }

  #now(): number {
    return Date.now() + clockOffsetMs(this.#node);
  }

  async #suffer(caller: string): Promise<void> {
    await suffer(this.#node);
    if (partitioned(caller, this.#node)) throw new FaultError(this.#node, "partition");
  }
}
