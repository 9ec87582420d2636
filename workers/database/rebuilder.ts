import { limits } from "../../shared/kernel/limits.ts";
import { backoffMs } from "../../shared/kernel/retry.ts";
import type { SnapshotReply, SnapshotRequest } from "../../shared/replication/snapshot-source.ts";
import type { SnapshotTarget } from "../../shared/replication/snapshot-target.ts";
import { inTime } from "../common/in-time.ts";

/** What the rebuilder needs of the object that it works in. */
export interface RebuilderHost {
  now(): number;
  /** One page from the primary. */
  pull(request: SnapshotRequest): Promise<SnapshotReply>;
  /** Tells the primary that all pages are here. */
  announce(): Promise<void>;
  /** Asks for a call of `woke` at this time, also after a reset. */
  wakeAt(atMs: number): void;
}

/** An alarm this late starts the work again that a reset has ended: longer than one call may take. */
const resumeMs = limits.shipMs + 5_000;

/** Waits after a call that failed. */
const pullBackoff = { baseMs: 100, capMs: 30_000 } as const;

/** Pulls the pages of a snapshot, one after the other, until the replica has them all. */
export class Rebuilder {
  readonly #host: RebuilderHost;
  readonly #target: SnapshotTarget;
  #isRunning = false;
  #failures = 0;
  #notBeforeMs = 0;

  constructor(host: RebuilderHost, target: SnapshotTarget) {
    this.#host = host;
    this.#target = target;
    if (target.isUnderWay) host.wakeAt(host.now());
  }

  /** Has the replica filled anew. */
  begin(): void {
    this.#target.rebuild();
    this.#notBeforeMs = 0;
    this.#host.wakeAt(this.#host.now());
  }

  /** The alarm went off, or there may be something to do: goes on where the snapshot stands, unless it is to wait. */
  woke(): void {
    if (!this.#target.isUnderWay) return;
    const nowMs = this.#host.now();
    if (nowMs < this.#notBeforeMs) return this.#host.wakeAt(this.#notBeforeMs);
    this.#host.wakeAt(nowMs + resumeMs);
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      let waitMs = 0;
      while (waitMs === 0 && this.#target.isUnderWay) waitMs = await this.#step();
      if (waitMs === 0) return;
      this.#notBeforeMs = this.#host.now() + waitMs;
      this.#host.wakeAt(this.#notBeforeMs);
    } finally {
      this.#isRunning = false;
    }
  }

  /** Does the next thing. Gives the milliseconds to wait until the one after it. */
  async #step(): Promise<number> {
    try {
      const request = this.#target.request();
      const done = request ? await this.#pull(request) : await this.#announce();
      if (!done) return this.#retryMs();
      this.#failures = 0;
      return this.#target.waitMs;
    } catch (error) {
      console.error({ message: "a page of the snapshot did not come", error: String(error) });
      return this.#retryMs();
    }
  }

  async #pull(request: SnapshotRequest): Promise<boolean> {
    return this.#target.take(await inTime(this.#host.pull(request), limits.shipMs)).ok;
  }

  async #announce(): Promise<true> {
    await inTime(this.#host.announce(), limits.shipMs);
    this.#target.announced();
    return true;
  }

  #retryMs(): number {
    this.#failures += 1;
    return 1 + backoffMs(this.#failures, pullBackoff, Math.random);
  }
}
