import { nodeId, type NodeId } from "../../shared/kernel/brand.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { LruMap } from "../../shared/kernel/lru.ts";
import { startRouting, type ReadRouting } from "../../shared/replication/routing.ts";
import type { Integers } from "../../shared/sql/exact-result.ts";
import type { DatabaseNode } from "./node.ts";

/** Section `database` of `site.config.ts`. */
export interface DatabaseConfig {
  readonly primary: string;
  readonly replicas: readonly string[];
  readonly readWaitMs: number;
}

/** What this isolate has learnt of the nodes. It outlives requests, and may be lost at any time without harm. */
interface Memory {
  readonly routing: ReadRouting;
  /** Texts that look like reads and are none: a replica said so. */
  readonly writes: LruMap<string, true>;
  schemaVersion: number;
}

let memory: Memory | undefined;

/** Made at the first request: the platform has no random numbers before. */
const remember = (): Memory =>
  (memory ??= { routing: startRouting(Math.random), writes: new LruMap(limits.cachedStatements), schemaVersion: 0 });

/** The nodes as one request's sessions use them. */
export class Cluster {
  readonly nodes: DurableObjectNamespace<DatabaseNode>;
  readonly primary: NodeId;
  readonly replicas: readonly NodeId[];
  readonly readWaitMs: number;
  /** Who asks, such as `origin-a`. */
  readonly client: string;
  /** How the integers of results are handed out. */
  readonly integers: Integers;
  readonly #memory: Memory;

  constructor(
    nodes: DurableObjectNamespace<DatabaseNode>,
    { primary, replicas, readWaitMs }: DatabaseConfig,
    client: string,
    integers: Integers,
  ) {
    this.nodes = nodes;
    this.primary = nodeId(primary);
    this.replicas = replicas.map(nodeId);
    this.readWaitMs = readWaitMs;
    this.client = client;
    this.integers = integers;
    this.#memory = remember();
  }

  get routing(): ReadRouting {
    return this.#memory.routing;
  }

  /** Has a node said that this text, which looks like a read, writes? */
  isKnownWrite(sql: string): boolean {
    return this.#memory.writes.get(sql) === true;
  }

  /** A node said so. */
  learnWrite(sql: string): void {
    this.#memory.writes.set(sql, true);
  }

  /** A node answered at this schema: what was learnt under an older one holds no longer. */
  sawSchema(version: number): void {
    if (version <= this.#memory.schemaVersion) return;
    this.#memory.schemaVersion = version;
    this.#memory.writes.clear();
  }
}
