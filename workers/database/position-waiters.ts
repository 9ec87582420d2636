import { limits } from "../../shared/kernel/limits.ts";

/** Readers that wait on a replica for records to arrive. */
export class PositionWaiters {
  readonly #waiting = new Set<() => void>();

  /**
   * Waits until `reached` holds, looking again at each `wake`. Every reader holds a timer of its own: a request that only
   * waited for another one's doing would be cut by the runtime as hung.
   *
   * @returns whether it holds in the end; `false` at once when `limits.replicaWaiters` wait already.
   */
  async until(reached: () => boolean, waitMs: number): Promise<boolean> {
    if (reached()) return true;
    if (waitMs <= 0 || this.#waiting.size >= limits.replicaWaiters) return false;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (reached()) resolve();
    };
    this.#waiting.add(look);
    const timer = setTimeout(resolve, waitMs);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(look);
    return reached();
  }

  /** The node's position has moved. */
  wake(): void {
    for (const look of this.#waiting) look();
  }
}
