import type { Integers } from "../../shared/sql/exact-result.ts";
import { Cluster, type DatabaseConfig } from "./client-cluster.ts";
import { DatabaseSession, type SessionStart } from "./client-session.ts";
import type { DatabaseNode } from "./node.ts";

export { DatabaseError } from "./client-error.ts";
export type { DatabaseSession } from "./client-session.ts";

/**
 * The client of the database, in D1's shape: a session from which others can be opened by `withSession`. Cheap to make;
 * make one for each request.
 *
 * @param nodes the binding to the database Worker's `DatabaseNode` class.
 * @param config section `database` of `site.config.ts`.
 * @param client who asks, such as `origin-a`.
 * @param begin gives the session's start when its first statement runs; as in D1, everything goes to the primary without it.
 * @param options `integers: "bigint"` gives every INTEGER of a result as a bigint and every REAL as a number. As numbers, an
 * integer that would be rounded is an error of code `integer-too-large`.
 */
export function openDatabase(
  nodes: DurableObjectNamespace<DatabaseNode>,
  config: DatabaseConfig,
  client: string,
  begin: () => SessionStart | Promise<SessionStart> = () => "primary",
  options: { readonly integers?: Integers } = {},
): DatabaseSession {
  return new DatabaseSession(new Cluster(nodes, config, client, options.integers ?? "number"), begin);
}
