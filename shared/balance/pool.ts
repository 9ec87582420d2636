import type { PoolConfig } from "../config/site.ts";
import type { Algorithm, Backend } from "./algorithm.ts";
import { algorithms } from "./algorithms.ts";
import type { Outcome } from "./redispatch.ts";

/** The servers of one pool and the memory of its algorithm: one value per pool and isolate. */
export interface Pool {
  readonly name: string;
  readonly backends: readonly Backend[];
  readonly algorithm: Algorithm;
  /** Whether a visitor stays with the server that answered him first. */
  readonly sticky: boolean;
}

/** Makes the pool that a section `pools.<name>` of the site configuration describes. */
export function openPool(name: string, { servers, algorithm, stickiness }: PoolConfig): Pool {
  const backends = servers.map((server, position) => ({ ...server, position }));
  return { name, backends, algorithm: algorithms[algorithm](), sticky: stickiness === "cookie" };
}

/**
 * Chooses the server for the next try of a request.
 *
 * @param tried what became of the servers that this request was already sent to: none gets it twice.
 * @param bound the name of the server that the visitor is bound to, `null` when to none. It goes before the algorithm,
 *   whose order it does not touch; a name that no server has binds to none.
 * @returns `undefined` when every server was tried.
 */
export function pick(
  pool: Pool,
  tried: ReadonlyMap<Backend, Outcome>,
  bound: string | null = null,
): Backend | undefined {
  const own = bound === null ? undefined : pool.backends.find(({ name }) => name === bound);
  if (own !== undefined && !tried.has(own)) return own;
  const candidates = tried.size === 0 ? pool.backends : pool.backends.filter((backend) => !tried.has(backend));
  return candidates.length === 0 ? undefined : pool.algorithm.pick(candidates);
}
