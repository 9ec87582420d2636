import { parseBookmark } from "../../shared/replication/bookmark.ts";
import type { Bookmark } from "../../shared/kernel/brand.ts";
import { Cluster, type DatabaseConfig } from "./client-cluster.ts";
import { DatabaseSession, type SessionStart } from "./client-session.ts";
import type { ClientStatement } from "./client-statement.ts";
import type { DatabaseNode } from "./node.ts";

export { DatabaseError } from "./client-error.ts";
export { DatabaseSession, type SessionStart } from "./client-session.ts";

/**
 * The database as a Worker sees it, in D1's shape: what runs outside of a session goes to the primary. Cheap to make; make
 * one for each request.
 */
export class Database implements D1Database {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** A session, whose reads may be answered by replicas and are never behind what the session has seen. */
  withSession(start: string = "first-unconstrained"): DatabaseSession {
    const begin = parseStart(start);
    return new DatabaseSession(this.#cluster, () => begin);
  }

  /** A session whose start is found out when its first statement runs. */
  lazySession(begin: () => Promise<SessionStart>): DatabaseSession {
    return new DatabaseSession(this.#cluster, begin);
  }

  /** A statement that runs on the primary. */
  prepare(sql: string): ClientStatement {
    return this.withSession("primary").prepare(sql);
  }

  /** Runs `statements` as one transaction on the primary. */
  batch<T = unknown>(statements: D1PreparedStatement[]): Promise<D1Result<T>[]> {
    return this.withSession("primary").batch<T>(statements);
  }

  /** Runs the statements of a text on the primary, one after the other. */
  exec(sql: string): Promise<D1ExecResult> {
    return this.withSession("primary").exec(sql);
  }

  /** D1 has this method and no longer serves it. */
  dump(): Promise<ArrayBuffer> {
    return Promise.reject(new Error("D1_DUMP_ERROR: dump() is not supported"));
  }
}

/**
 * The client of the database.
 *
 * @param nodes the binding to the database Worker's `DatabaseNode` class.
 * @param config section `database` of `site.config.ts`.
 * @param client who asks, such as `origin-a`.
 */
export const openDatabase = (nodes: DurableObjectNamespace<DatabaseNode>, config: DatabaseConfig, client: string): Database =>
  new Database(new Cluster(nodes, config, client));

function parseStart(start: string): SessionStart {
  if (start === "first-unconstrained" || start === "first-primary" || start === "primary") return start;
  if (parseBookmark(start)) return start as Bookmark;
  throw new Error(`D1_SESSION_ERROR: ${start} is neither a bookmark nor one of first-unconstrained, first-primary, primary`);
}
