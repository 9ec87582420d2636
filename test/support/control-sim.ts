import type { AdminChange } from "../../shared/balance/admin-state.ts";
import type { CheckAnswer } from "../../shared/balance/check.ts";
import { newsFor, type ControlEffect, type ControlEvent, stepControl } from "../../shared/balance/control.ts";
import {
  type ControlState,
  findServer,
  keyOf,
  type Persist,
  type ServerRecord,
  startControl,
} from "../../shared/balance/control-state.ts";
import { detailsOf } from "../../shared/balance/detail.ts";
import type { Report, ServerReport } from "../../shared/balance/report.ts";
import type { Snapshot } from "../../shared/balance/snapshot.ts";
import type { PoolConfig } from "../../shared/config/pool.ts";
import { defineSite, type SiteInput } from "../../shared/config/site.ts";
import { present } from "../../shared/kernel/assert.ts";

/** The pools of a site that has no others than the one for everything. */
export const poolsOf = (pools: SiteInput["pools"]): Readonly<Record<string, PoolConfig>> =>
  defineSite({ pools, routes: [{ path: "/", pool: Object.keys(pools)[0] ?? "" }] }).pools;

interface Planned {
  readonly atMs: number;
  readonly event: ControlEvent;
}

/** Control with a clock, a storage and servers that are all in the test. */
export class ControlSim {
  nowMs = 1_800_000_000_000;
  state: ControlState;
  /** How servers answer, by `pool/server`; after `durationMs`. Those not named answer 200 within 3 ms. */
  readonly answers = new Map<string, CheckAnswer>();
  readonly checks: { readonly server: string; readonly atMs: number }[] = [];
  readonly counted: Report[] = [];
  /** Times at which the alarm went off. */
  readonly alarms: number[] = [];
  /** Rows of storage: what is persisted, and each alarm that is set. */
  rowsWritten = 0;
  readonly #stored = { reign: "first", generation: 0, servers: new Map<string, ServerRecord>() };
  #planned: Planned[] = [];
  #alarmAtMs = Infinity;
  #sequence = 0;

  constructor(pools: Readonly<Record<string, PoolConfig>>) {
    this.state = this.#start(pools);
  }

  /** The object dies and starts again: its memory is lost, and what was under way; the storage and the alarm stay. */
  restart(pools: Readonly<Record<string, PoolConfig>>): void {
    this.#planned = [];
    this.state = this.#start(pools);
  }

  /** One report of an isolate, now. */
  report(servers: Record<string, Partial<ServerReport>> = {}, part: Partial<Report> = {}): Snapshot | null {
    const pools: Record<string, Record<string, ServerReport>> = {};
    for (const [key, each] of Object.entries(servers)) {
      const [pool = "", server = ""] = key.split("/");
      (pools[pool] ??= {})[server] = { observed: null, answers: 0, answerMs: 0, ...each };
    }
    const report: Report = {
      isolate: "one",
      sequence: (this.#sequence += 1),
      known: null,
      pools,
      counters: {},
      rates: {},
      ...part,
    };
    this.step({ type: "report", report, nowMs: this.nowMs });
    return newsFor(this.state, report.known);
  }

  admin(key: string, change: AdminChange): void {
    const [pool = "", server = ""] = key.split("/");
    this.step({ type: "admin", pool, server, change, nowMs: this.nowMs });
  }

  step(event: ControlEvent): ControlEffect[] {
    const effects = stepControl(this.state, event);
    for (const effect of effects) this.#carryOut(effect);
    return effects;
  }

  /** Lets time go by, with a report of one isolate every `reportMs` if that is given. */
  run(ms: number, reportMs = Infinity): void {
    const endMs = this.nowMs + ms;
    let reportAtMs = this.nowMs + reportMs;
    for (;;) {
      const next = this.#planned.toSorted((one, other) => one.atMs - other.atMs)[0];
      const atMs = Math.min(next?.atMs ?? Infinity, this.#alarmAtMs, reportAtMs);
      if (atMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      if (next?.atMs === atMs) {
        this.#planned = this.#planned.filter((each) => each !== next);
        this.step(next.event);
      } else if (this.#alarmAtMs === atMs) {
        this.#alarmAtMs = Infinity;
        this.alarms.push(atMs);
        this.step({ type: "alarm", nowMs: atMs });
      } else {
        this.report();
        reportAtMs += reportMs;
      }
    }
    this.nowMs = endMs;
  }

  /** What is displayed of each server, by `pool/server`. */
  get displays(): Record<string, string> {
    return Object.fromEntries(
      detailsOf(this.state, this.nowMs).map(({ pool, name, state }) => [keyOf(pool, name), state]),
    );
  }

  record(key: string): ServerRecord {
    const [pool = "", server = ""] = key.split("/");
    return present(findServer(this.state, pool, server), key).record;
  }

  get stored(): ReadonlyMap<string, ServerRecord> {
    return this.#stored.servers;
  }

  #start(pools: Readonly<Record<string, PoolConfig>>): ControlState {
    const { state, effects } = startControl(pools, this.#stored, this.nowMs);
    for (const effect of effects) this.#persist(effect);
    return state;
  }

  #carryOut(effect: ControlEffect): void {
    switch (effect.type) {
      case "persist":
        return this.#persist(effect);
      case "count":
        return void this.counted.push(effect.report);
      case "alarm":
        this.rowsWritten += 1;
        this.#alarmAtMs = effect.atMs;
        return;
      case "check":
        return this.#check(effect);
    }
  }

  #check({ pool, server, startedMs }: Extract<ControlEffect, { type: "check" }>): void {
    const key = keyOf(pool, server);
    this.checks.push({ server: key, atMs: this.nowMs });
    const answer = this.answers.get(key) ?? { type: "answered", status: 200, body: null, durationMs: 3 };
    const atMs = this.nowMs + answer.durationMs;
    this.#planned.push({ atMs, event: { type: "checked", pool, server, startedMs, answer, nowMs: atMs } });
  }

  #persist({ generation, put, drop }: Persist): void {
    this.#stored.generation = generation;
    for (const [key, record] of put) this.#stored.servers.set(key, record);
    for (const key of drop) this.#stored.servers.delete(key);
    this.rowsWritten += 1 + put.size + drop.length;
  }
}
