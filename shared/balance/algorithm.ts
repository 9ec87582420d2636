/** A server of a pool, as one isolate of the front knows it. What can change is changed by the pool alone. */
export interface Backend {
  /** The name from the site configuration, unique in its pool. */
  readonly name: string;
  /** The service binding that leads to it; a server without one has a `url`. */
  readonly binding?: string | undefined;
  /** Where it listens, if it is no Worker. */
  readonly url?: string | undefined;
  /** Place in the pool, from 0, in the order of the configuration. */
  readonly position: number;
  /**
   * Its share next to the others now: the weight that the configuration or an operator gives it, times
   * `weightScale`, less while it starts slowly. HAProxy's `eweight`.
   */
  readonly effectiveWeight: number;
  /** Requests that it has now, and that wait for it. */
  readonly load: number;
}

/** Parts of one unit of weight, so that a slow start has steps: HAProxy, `BE_WEIGHT_SCALE`. */
export const weightScale = 16;

/** What an algorithm may look at. */
export interface Draw {
  /** What the pool's `hashOn` finds in the request; empty where it finds nothing, and for other algorithms. */
  readonly key: string;
  /** A number from 0 up to, but not including, 1. */
  random(): number;
}

/** A way to spread requests over the servers of one pool. One value belongs to one pool and holds what it remembers. */
export interface Algorithm {
  /**
   * Takes over the servers among which it chooses from now on. Called at each change of them or of a weight, not at each
   * request. A server that stays keeps its place in the order.
   *
   * @param servers in the order of the pool, each with a weight above 0; may be none.
   */
  update(servers: readonly Backend[]): void;
  /**
   * Chooses the server for one try, and takes note of the choice. Synchronous: it stands on the path of every request.
   *
   * @param isOut whether a server may not be chosen this time, because it has had the request already or is full. It
   *   keeps its place in the order.
   * @returns `null` when all are out.
   */
  pick(draw: Draw, isOut: (server: Backend) => boolean): Backend | null;
  /** What `pick` would choose, without a note of it: for those who ask why. */
  peek(draw: Draw, isOut: (server: Backend) => boolean): Backend | null;
  /** The load of a server that may be chosen has changed, by a request that came or went. */
  loadChanged(server: Backend): void;
}
