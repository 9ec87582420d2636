/** A request that is over, as the log and the counters see it. Times are whole milliseconds; lengths are of the bodies alone. */
export interface Exchange {
  /** The pool that the route leads to; `null` when it leads to none, or the request got no further than the front. */
  readonly pool: string | null;
  /** The server that had the last try; `null` when none had one. */
  readonly server: string | null;
  /** `null` where the runtime does not tell. */
  readonly clientAddress: string | null;
  readonly method: string;
  /** Path and query as the client sent them. */
  readonly target: string;
  /** Such as `1.1` or `2`. */
  readonly httpVersion: string;
  /** Of the answer that the client got; `null` when it got none. */
  readonly status: number | null;
  /** When the request came. */
  readonly startMs: number;
  /** From then until the last try began: the wait in the queue, and the tries that failed. HAProxy, `Tw`; `null`: no try. */
  readonly queueMs: number | null;
  /** From the beginning of the last try until the header of its answer. HAProxy, `Tr`; `null`: there was none. */
  readonly responseMs: number | null;
  /** From `startMs` until the end of the exchange, or until the header when `isOver` is false. HAProxy, `Ta`. */
  readonly totalMs: number;
  /** Whether the answer's body has ended; `false` when it goes its own way and nobody waits for its end. HAProxy, `logasap`. */
  readonly isOver: boolean;
  /** `null` where nobody counted. */
  readonly bytesIn: number | null;
  readonly bytesOut: number | null;
  /** Tries after the first one. */
  readonly retries: number;
  /** Whether the last of them went to another server than the one before. */
  readonly isRedispatched: boolean;
  /** How it ended, four characters: `terminationOf`. */
  readonly termination: string;
  readonly requestId: string;
}
