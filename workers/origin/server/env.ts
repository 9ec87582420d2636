import type { DatabaseNode } from "../../database/index.ts";

/** The bindings of an origin: see `a.toml`. */
export interface OriginEnv {
  /** The server that runs this: `a`, `b` or `c`. */
  readonly SERVER: string;
  /** The folder `public`. */
  readonly ASSETS: Fetcher;
  /** The nodes of the database. */
  readonly NODE: DurableObjectNamespace<DatabaseNode>;
}
