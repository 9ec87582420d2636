import type { DatabaseNode } from "./node.ts";

/** What the database Worker is bound to: see `wrangler.toml`. */
export interface DatabaseEnv {
  readonly NODE: DurableObjectNamespace<DatabaseNode>;
}
