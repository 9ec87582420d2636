import { DurableObject } from "cloudflare:workers";
import site from "#site";
import { runCommands } from "../../shared/admin/runtime.ts";
import type { Change, Servers } from "../../shared/admin/servers.ts";
import type { AdminChange } from "../../shared/balance/admin-state.ts";
import { type CheckAnswer, methodOf } from "../../shared/balance/check.ts";
import { type ControlEffect, type ControlEvent, newsFor, stepControl, turnOf } from "../../shared/balance/control.ts";
import { type ControlState, findPool, findServer, startControl } from "../../shared/balance/control-state.ts";
import { detailOf, detailsOf } from "../../shared/balance/detail.ts";
import type { Report, SyncReply } from "../../shared/balance/report.ts";
import { present } from "../../shared/kernel/assert.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { haproxyCsv, type StatsRow, statsRows } from "../../shared/telemetry/haproxy-csv.ts";
import { clockOffsetMs, FaultError, partitioned, suffer } from "../common/fault-port.ts";
import { probe } from "../common/probe.ts";
import { Counters } from "./counters.ts";
import type { ControlEnv } from "./env.ts";
import { ControlStore } from "./store.ts";

type Check = Extract<ControlEffect, { type: "check" }>;

/**
 * The one that knows the servers' states, checks the servers for all fronts, and is told what operators want. Carries out
 * what `shared/balance/control.ts` decides. Reached by RPC only: the front reports by `sync`, the admin API asks the rest.
 */
export class Control extends DurableObject<ControlEnv> {
  readonly #store: ControlStore;
  readonly #state: ControlState;
  readonly #counters: Counters;

  constructor(context: DurableObjectState, env: ControlEnv) {
    super(context, env);
    this.#store = new ControlStore(context.storage.kv);
    this.#counters = new Counters(context.storage.kv, site);
    const stored = this.#store.read(() => crypto.randomUUID());
    const { state, effects } = startControl(site.pools, stored, this.#now());
    this.#state = state;
    for (const effect of effects) this.#store.persist(effect);
  }

  /** Takes the report of an isolate of the front; gives what is new for it. */
  async sync(report: Report): Promise<SyncReply> {
    await this.#suffer("front");
    const nowMs = this.#now();
    const effects = this.#step({ type: "report", report, nowMs });
    const isNew = effects.some(({ type }) => type === "count");
    return {
      snapshot: newsFor(this.#state, report.known),
      turn: turnOf(this.#state, report.known),
      rates: this.#counters.rates(report, isNew, nowMs),
    };
  }

  /** All servers. After a silence they are checked first, which takes no longer than a check may. */
  async servers(): Promise<Servers> {
    await suffer("control");
    await this.#look();
    const nowMs = this.#now();
    return { nowMs, generation: this.#state.generation, servers: detailsOf(this.#state, nowMs) };
  }

  /**
   * Changes a server. It is stored when this returns.
   *
   * @returns `null` where there is no such server.
   */
  async change(pool: string, server: string, change: AdminChange): Promise<Change | null> {
    await suffer("control");
    const found = findServer(this.#state, pool, server);
    if (found === null) return null;
    const nowMs = this.#now();
    this.#step({ type: "admin", pool, server, change, nowMs });
    const inForceAtMs = nowMs + limits.snapshotMaxAgeMs;
    return { server: detailOf(this.#state, found, nowMs), nowMs, inForceAtMs };
  }

  /** Commands of HAProxy's Runtime API, and their answers. */
  async runtime(commands: string): Promise<string> {
    await suffer("control");
    const nowMs = this.#now();
    return runCommands(commands, {
      state: this.#state,
      nowMs,
      loads: this.#counters.loads(nowMs),
      stat: () => haproxyCsv(this.#statsRows(nowMs)),
      change: ({ pool, config }, change) =>
        void this.#step({ type: "admin", pool, server: config.name, change, nowMs }),
      clear: (what) => this.#counters.clear(what, nowMs),
    });
  }

  /** The statistics of all isolates, as rows of HAProxy's. Does not keep the checks going, however often it is asked. */
  async stats(): Promise<StatsRow[]> {
    await suffer("control");
    return this.#statsRows(this.#now());
  }

  override alarm(): void {
    this.#step({ type: "alarm", nowMs: this.#now() });
    this.#counters.keep(this.#now());
  }

  #statsRows(nowMs: number): StatsRow[] {
    const details = detailsOf(this.#state, nowMs);
    const pools = this.#state.pools.map(({ name, config }) => ({
      name,
      config,
      totals: this.#counters.read(name, nowMs),
      servers: details.filter(({ pool }) => pool === name),
    }));
    return statsRows(this.#counters.read(null, nowMs).frontend, pools, nowMs);
  }

  #step(event: ControlEvent): ControlEffect[] {
    const effects = stepControl(this.#state, event);
    for (const effect of effects) this.#carryOut(effect);
    return effects;
  }

  #carryOut(effect: ControlEffect): void {
    switch (effect.type) {
      case "persist":
        return this.#store.persist(effect);
      case "count":
        return this.#counters.count(effect.report, this.#now());
      case "alarm":
        return void this.ctx.storage.setAlarm(effect.atMs - clockOffsetMs("control"));
      case "check":
        return void this.#check(effect);
    }
  }

  async #check({ pool, server, startedMs }: Check): Promise<void> {
    const answer = await this.#ask(pool, server);
    this.#step({ type: "checked", pool, server, startedMs, answer, nowMs: this.#now() });
  }

  #ask(pool: string, name: string): Promise<CheckAnswer> {
    const { config } = present(findServer(this.#state, pool, name), `server ${pool}/${name}`);
    const health = present(findPool(this.#state, pool)?.config.health, `the checks of ${pool}`);
    const { path, timeoutMs } = health;
    return probe(this.env, "control", config, { path, timeoutMs, method: methodOf(health) });
  }

  /** Looks as an operator does, and waits for the checks that this begins. */
  async #look(): Promise<void> {
    const effects = stepControl(this.#state, { type: "looked", nowMs: this.#now() });
    const checks = effects.filter((effect) => effect.type === "check");
    for (const effect of effects) if (effect.type !== "check") this.#carryOut(effect);
    await Promise.all(checks.map((check) => this.#check(check)));
  }

  async #suffer(caller: string): Promise<void> {
    await suffer("control");
    if (partitioned(caller, "control")) throw new FaultError("control", "partition");
  }

  #now(): number {
    return Date.now() + clockOffsetMs("control");
  }
}
