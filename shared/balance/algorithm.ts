/** A server of a pool, ready to be chosen. */
export interface Backend {
  /** The name from the site configuration, unique in its pool. */
  readonly name: string;
  /** The service binding that leads to it. */
  readonly binding: string;
  /** Place in the pool, from 0, in the order of the configuration. */
  readonly position: number;
}

/** A way to spread requests over the servers of one pool. One value belongs to one pool and holds what it remembers. */
export interface Algorithm {
  /**
   * Chooses the server for one try, and takes note of the choice. Synchronous: it stands on the path of every request.
   *
   * @param candidates the servers that may be chosen, in the order of the pool, at least one.
   */
  pick(candidates: readonly Backend[]): Backend;
}
