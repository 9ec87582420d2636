import type { Algorithm, Backend, Draw } from "../algorithm.ts";

/**
 * The first server in the order of the pool that can take one more request, so that the last ones can be shut down when
 * there is little to do: HAProxy's `first`. It is the servers' `maxconn` that makes it go on to the next one.
 */
export class First implements Algorithm {
  #servers: readonly Backend[] = [];

  update(servers: readonly Backend[]): void {
    this.#servers = servers;
  }

  pick(_: Draw, isOut: (server: Backend) => boolean): Backend | null {
    for (const server of this.#servers) if (!isOut(server)) return server;
    return null;
  }

  peek(draw: Draw, isOut: (server: Backend) => boolean): Backend | null {
    return this.pick(draw, isOut);
  }

  loadChanged(): void {}
}
