import type { PoolConfig } from "../config/site.ts";
import type { Algorithm, Backend } from "./algorithm.ts";
import { algorithms } from "./algorithms.ts";
import type { Outcome } from "./redispatch.ts";

/** The servers of one pool and the memory of its algorithm: one value per pool and isolate. */
export interface Pool {
  readonly name: string;
  readonly backends: readonly Backend[];
  readonly algorithm: Algorithm;
  /** Time until the header of the response, over all tries together. */
  readonly deadlineMs: number;
}

/** Makes the pool that a section `pools.<name>` of the site configuration describes. */
export function openPool(name: string, { servers, algorithm, deadlineMs }: PoolConfig): Pool {
  const backends = servers.map((server, position) => ({ ...server, position }));
  return { name, backends, algorithm: algorithms[algorithm](), deadlineMs };
}

/**
 * Chooses the server for the next try of a request.
 *
 * @param tried what became of the servers that this request was already sent to: none gets it twice.
 * @returns `undefined` when every server was tried.
 */
export function pick(pool: Pool, tried: ReadonlyMap<Backend, Outcome>): Backend | undefined {
  const candidates = tried.size === 0 ? pool.backends : pool.backends.filter((backend) => !tried.has(backend));
  return candidates.length === 0 ? undefined : pool.algorithm.pick(candidates);
}
