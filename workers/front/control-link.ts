import type { Pool } from "../../shared/balance/pool.ts";
import type { Report, SyncReply } from "../../shared/balance/report.ts";
import type { Snapshot } from "../../shared/balance/snapshot.ts";
import type { RateLimits } from "../../shared/firewall/rate-limit.ts";
import { limits } from "../../shared/kernel/limits.ts";
import type { Recorder } from "../../shared/telemetry/recorder.ts";
import { partitioned } from "../common/fault-port.ts";
import { inTime } from "../common/in-time.ts";
import type { FrontEnv } from "./env.ts";

/**
 * What this isolate and control tell each other: reports against snapshots, beside the requests and not in their way. Only
 * an isolate that knows nothing, or nothing that still holds, lets requests wait for it, once in `snapshotMaxAgeMs` and
 * for `controlWaitMs` at most: all that come within that time, or they would go by what no longer holds. Without an answer
 * it goes on with what it has.
 */
export class ControlLink {
  readonly #pools: ReadonlyMap<string, Pool>;
  readonly #recorder: Recorder;
  readonly #rates: RateLimits;
  #known: Snapshot | null = null;
  #answeredAtMs = -Infinity;
  #askedAtMs = -Infinity;
  #waitedAtMs = -Infinity;
  /** When a request began to wait for the time to report. */
  #promisedAtMs = -Infinity;
  #isolate = "";
  #sequence = 0;
  /** A report that control may not have got: it goes again as it is, so that control can tell. */
  #unsent: Report | null = null;
  #answer: Promise<void> = Promise.resolve();

  constructor(pools: ReadonlyMap<string, Pool>, recorder: Recorder, rates: RateLimits) {
    this.#pools = pools;
    this.#recorder = recorder;
    this.#rates = rates;
  }

  /** When control was last heard; `-Infinity`: never. */
  get answeredAtMs(): number {
    return this.#answeredAtMs;
  }

  /**
   * Called at each request. Asks for news when it is time to.
   *
   * @returns what the request is to wait for; `null`: nothing.
   */
  freshen(env: FrontEnv, ctx: ExecutionContext, nowMs: number): Promise<void> | null {
    const patienceMs = this.#isPromised(nowMs) ? 2 * limits.snapshotRefreshMs : limits.snapshotRefreshMs;
    if (nowMs - this.#askedAtMs >= patienceMs) {
      this.#askedAtMs = nowMs;
      this.#answer = this.#ask(env, nowMs);
      ctx.waitUntil(this.#answer);
      const heldSinceMs = Math.max(this.#answeredAtMs, this.#waitedAtMs);
      if (nowMs - heldSinceMs >= limits.snapshotMaxAgeMs) this.#waitedAtMs = nowMs;
    }
    if (nowMs - this.#answeredAtMs < limits.snapshotMaxAgeMs) return null;
    const leftMs = this.#waitedAtMs + limits.controlWaitMs - nowMs;
    return leftMs > 0 ? inTime(this.#answer, leftMs).catch(() => undefined) : null;
  }

  /** Called when a request is over: control is told of it within `snapshotRefreshMs`, though no other request may come. */
  reportSoon(env: FrontEnv, ctx: ExecutionContext): void {
    const nowMs = Date.now();
    if (this.#isPromised(nowMs)) return;
    this.#promisedAtMs = nowMs;
    ctx.waitUntil(this.#reportIn(Math.max(0, this.#askedAtMs + limits.snapshotRefreshMs - nowMs), env));
  }

  async #reportIn(waitMs: number, env: FrontEnv): Promise<void> {
    await scheduler.wait(waitMs);
    this.#promisedAtMs = -Infinity;
    this.#askedAtMs = Date.now();
    await this.#ask(env, this.#askedAtMs);
  }

  /** Whether a request waits to report. The runtime may have given it up, so it is not relied on for ever. */
  #isPromised(nowMs: number): boolean {
    return nowMs - this.#promisedAtMs < 2 * limits.snapshotRefreshMs;
  }

  async #ask(env: FrontEnv, nowMs: number): Promise<void> {
    try {
      if (partitioned("front", "control")) throw new Error("partitioned");
      const report = (this.#unsent ??= this.#report(nowMs));
      using reply = await inTime(env.CONTROL.sync(report), limits.controlMs);
      // An RPC has tuples come back as arrays, in the types alone.
      const { snapshot, rates, turn } = reply as unknown as SyncReply;
      if (partitioned("control", "front")) throw new Error("partitioned");
      if (this.#unsent === report) this.#unsent = null;
      this.#answeredAtMs = Math.max(this.#answeredAtMs, nowMs);
      this.#rates.adopt(rates, Date.now());
      if (snapshot !== null) this.#adopt(snapshot);
      if (turn !== null) for (const pool of this.#pools.values()) pool.begin(turn, Date.now());
    } catch (error) {
      console.warn({ message: "control does not answer", error: String(error) });
    }
  }

  #report(nowMs: number): Report {
    this.#isolate ||= crypto.randomUUID();
    const known = this.#known && { reign: this.#known.reign, generation: this.#known.generation };
    const pools = Object.fromEntries(Array.from(this.#pools, ([name, pool]) => [name, pool.report()]));
    const counters = this.#recorder.take(nowMs);
    const rates = this.#rates.report(nowMs);
    return { isolate: this.#isolate, sequence: ++this.#sequence, known, pools, counters, rates };
  }

  /** Answers may overtake each other: an older one of the same reign is left. */
  #adopt(snapshot: Snapshot): void {
    const known = this.#known;
    if (known !== null && known.reign === snapshot.reign && known.generation > snapshot.generation) return;
    this.#known = snapshot;
    for (const [name, pool] of this.#pools) pool.adopt(snapshot.pools[name] ?? {}, Date.now());
  }
}
