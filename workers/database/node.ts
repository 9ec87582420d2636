import { DurableObject } from "cloudflare:workers";

import site from "#site";
import { present } from "../../shared/kernel/assert.ts";
import { nodeId, type NodeId } from "../../shared/kernel/brand.ts";
import type { Append } from "../../shared/replication/admit.ts";
import { formatBookmark } from "../../shared/replication/bookmark.ts";
import type { AppendReply } from "../../shared/replication/replica.ts";
import { clockOffsetMs, FaultError, partitioned, suffer } from "../fault-port.ts";
import type { NodeStatus, QueryReply, QueryRequest } from "./messages.ts";
import { PrimaryRole } from "./primary-role.ts";
import { ReplicaRole } from "./replica-role.ts";
import { StorageEngine } from "./storage-engine.ts";

/** What the database Worker is bound to: see `wrangler.toml`. */
interface DatabaseEnv {
  readonly NODE: DurableObjectNamespace<DatabaseNode>;
}

/**
 * One node of the database: a Durable Object named after it, with SQLite as its disk. It plays the role that
 * `site.config.ts` gives to its name. Reached by RPC only: clients call `query`, the primary calls `append`.
 */
export class DatabaseNode extends DurableObject<DatabaseEnv> {
  readonly #node: NodeId;
  readonly #engine: StorageEngine;
  readonly #role: Promise<PrimaryRole | ReplicaRole>;

  constructor(context: DurableObjectState, env: DatabaseEnv) {
    super(context, env);
    this.#node = nodeId(present(context.id.name, "the node's name"));
    this.#engine = new StorageEngine(context.storage);
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
    return role instanceof PrimaryRole ? { ...status, replicas: role.replicas } : status;
  }

  /** Ends this instance at once, its memory lost, as a crash would: for fault injection. */
  crash(): void {
    this.ctx.abort("fault: abort");
  }

  override async alarm(): Promise<void> {
    const role = await this.#role;
    if (role instanceof PrimaryRole) role.woke();
  }

  async #start(): Promise<PrimaryRole | ReplicaRole> {
    const { primary, replicas } = site.database;
    if (this.#node === primary) return new PrimaryRole(this.#engine, this.#primaryHost(), replicas.map(nodeId));
    if (!replicas.includes(this.#node)) throw new Error(`${this.#node} is no node of the database in site.config.ts.`);
    return ReplicaRole.open(this.#engine, this.ctx.storage);
  }

  #primaryHost() {
    return {
      now: () => this.#now(),
      wakeAt: (atMs: number) => void this.ctx.storage.setAlarm(atMs - clockOffsetMs(this.#node)),
      append: (replica: NodeId, append: Append) => this.env.NODE.getByName(replica).append(this.#node, append),
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
