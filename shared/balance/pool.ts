import type { PoolConfig, ServerConfig } from "../config/pool.ts";
import type { Random } from "../kernel/random.ts";
import { limits } from "../kernel/limits.ts";
import { type Algorithm, type Backend, weightScale } from "./algorithm.ts";
import { algorithms } from "./algorithms.ts";
import { slowStart, type Standing, standingOf } from "./fitness.ts";
import type { ServerReport } from "./report.ts";
import { type ServerView, unknownServer } from "./snapshot.ts";

/** A server as one isolate knows it: what control says of it, what it does now, what was seen of it. */
export class Member implements Backend {
  readonly name: string;
  readonly binding: string | undefined;
  readonly url: string | undefined;
  readonly backup: boolean;
  readonly position: number;
  effectiveWeight: number;
  load = 0;
  view: ServerView = unknownServer;
  standing: Standing;
  /** Requests that it may have at once now; `Infinity` without a limit. */
  maxconn: number;
  readonly config: ServerConfig;
  /** Bad answers since the last good one. */
  errors = 0;
  downUntilMs = 0;
  seen = nothingSeen();

  constructor(config: ServerConfig, position: number) {
    this.config = config;
    this.name = config.name;
    this.binding = config.binding;
    this.url = config.url;
    this.backup = config.backup;
    this.position = position;
    this.effectiveWeight = config.weight * weightScale;
    this.maxconn = config.maxconn ?? Infinity;
    this.standing = standingOf(unknownServer, config.weight, this, 0);
  }

  get weight(): number {
    return this.view.weight ?? this.config.weight;
  }

  get isFull(): boolean {
    return this.load >= this.maxconn;
  }
}

const nothingSeen = (): { -readonly [Key in keyof ServerReport]: ServerReport[Key] } => ({
  observed: null,
  answers: 0,
  answerMs: 0,
});

/** What the choice of a server depends on. */
export interface Ask {
  /** The name of the server that the visitor is bound to, from his cookie; `null` when to none. */
  readonly bound: string | null;
  /** What the pool's `hashOn` finds in the request. */
  readonly key: string;
  /** The servers that this request was sent to already. */
  readonly tried: readonly Member[];
}

/** A server, or why there is none now: all that could serve have their `maxconn`, or none can serve. */
export type Choice = Member | "full" | "none";

/** A request that waits for a server. */
export interface Waiter {
  readonly ask: Ask;
  /** Called once, with a server that has the request on its account already. */
  readonly serve: (server: Member) => void;
}

const isFull = (server: Backend): boolean => (server as Member).isFull;

/**
 * The servers of one pool in one isolate: who may serve, whose turn it is, what each of them does now. Every decision is
 * made at once, from memory. What is taken by `take` must be given back by `release`.
 */
export class Pool {
  readonly name: string;
  readonly config: PoolConfig;
  readonly members: readonly Member[];
  /** Requests under way, waiting ones too. */
  active = 0;
  /** Tries under way that are not the first of their request. */
  retrying = 0;
  readonly #byName: ReadonlyMap<string, Member>;
  readonly #algorithm: Algorithm;
  readonly #draw: { key: string; readonly random: Random };
  readonly #waiters = new Set<Waiter>();
  #candidates: readonly Member[] = [];
  #isPanic = false;
  /** When a standing or a weight changes by time alone. */
  #changesAtMs = 0;

  constructor(name: string, config: PoolConfig, random: Random) {
    this.name = name;
    this.config = config;
    this.members = config.servers.map((server, position) => new Member(server, position));
    this.#byName = new Map(this.members.map((member) => [member.name, member]));
    this.#algorithm = algorithms[config.algorithm](config);
    this.#draw = { key: "", random };
  }

  get sticky(): boolean {
    return this.config.stickiness === "cookie";
  }

  /** The servers among which the algorithm chooses now. */
  get candidates(): readonly Member[] {
    return this.#candidates;
  }

  /** Whether health is ignored, because too few servers are up. */
  get isPanic(): boolean {
    return this.#isPanic;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Takes over what control knows of the servers. One that control has no longer, as it was deployed before, stays what it was. */
  adopt(views: Readonly<Record<string, ServerView>>, nowMs: number): void {
    for (const member of this.members) member.view = views[member.name] ?? member.view;
    this.#refresh(nowMs);
  }

  /**
   * Passes over so many turns, as if others had had them: each of many isolates begins where the one before it did not.
   */
  begin(turn: number, nowMs: number): void {
    const round = this.#candidates.reduce((sum, { weight }) => sum + weight, 0);
    for (let left = turn % Math.max(1, round); left > 0; left--) {
      const server = this.choose({ bound: null, key: "", tried: [] }, nowMs);
      if (typeof server === "string") return;
      this.take(server);
      this.release(server, nowMs);
    }
  }

  /** The server with a name; one that a visitor can be bound to. */
  member(name: string): Member | undefined {
    return this.#byName.get(name);
  }

  /** Chooses a server for the next try of a request, and takes note of the choice. */
  choose(ask: Ask, nowMs: number): Choice {
    return this.#choose(ask, nowMs, "pick");
  }

  /** What `choose` would choose, for those who ask why. */
  peek(ask: Ask, nowMs: number): Choice {
    return this.#choose(ask, nowMs, "peek");
  }

  /**
   * The visitor's own server goes before the algorithm, whose order it does not touch. No server gets a request twice
   * while another one could serve it.
   */
  #choose({ bound, key, tried }: Ask, nowMs: number, how: "pick" | "peek"): Choice {
    if (nowMs >= this.#changesAtMs) this.#refresh(nowMs);
    const own = bound === null ? undefined : this.#byName.get(bound);
    if (own !== undefined && own.standing.fitness !== "none" && !tried.includes(own)) return own.isFull ? "full" : own;
    this.#draw.key = key;
    const isOut = tried.length === 0 ? isFull : (server: Backend) => isFull(server) || tried.includes(server as Member);
    const chosen = this.#algorithm[how](this.#draw, isOut);
    if (chosen !== null) return chosen as Member;
    if (this.#candidates.length === 0) return "none";
    if (tried.length === 0 || this.#candidates.some((member) => !tried.includes(member))) return "full";
    return (this.#algorithm[how](this.#draw, isFull) as Member | null) ?? "full";
  }

  /** A server gets a request. */
  take(server: Member): void {
    server.load++;
    this.#algorithm.loadChanged(server);
  }

  /** It has answered it, or failed: the next one that waits may have its place. */
  release(server: Member, nowMs: number): void {
    server.load--;
    this.#algorithm.loadChanged(server);
    if (this.#waiters.size > 0) this.#serveWaiters(nowMs);
  }

  /** Puts a request into the queue, whose order is that of their coming. `false`: it is full. */
  wait(waiter: Waiter): boolean {
    if (this.#waiters.size >= this.config.queue.size) return false;
    this.#waiters.add(waiter);
    return true;
  }

  /** Takes a request out of the queue: it has waited for long enough, or its client has gone. */
  leave(waiter: Waiter): void {
    this.#waiters.delete(waiter);
  }

  /**
   * Whether one more try is within the pool's budget: retries of a site that breaks down must not be what breaks it.
   * Envoy, `retry_budget`.
   */
  get mayRetry(): boolean {
    const { budgetPercent, budgetLeast } = this.config.retries;
    return this.retrying < Math.max(budgetLeast, (budgetPercent * this.active) / 100);
  }

  /**
   * Takes note of how a server answered. HAProxy manual 5.2, `observe layer7`: a server that answers badly many times in a
   * row is reported, and with `mark-down` gets nothing more from this isolate until control has had its say.
   *
   * @param ms until the header of the answer, or until it failed.
   */
  observe(server: Member, isGood: boolean, ms: number, nowMs: number): void {
    server.seen.answers++;
    server.seen.answerMs += ms;
    const { observe } = this.config;
    if (isGood || observe === null) {
      server.errors = 0;
      return;
    }
    if (++server.errors < observe.errorLimit) return;
    server.errors = 0;
    server.seen.observed = observe.onError;
    if (observe.onError !== "mark-down") return;
    server.downUntilMs = nowMs + limits.snapshotMaxAgeMs;
    this.#refresh(nowMs);
  }

  /** What was seen of the servers since the last call. */
  report(): Record<string, ServerReport> {
    const report: Record<string, ServerReport> = {};
    for (const member of this.members) {
      if (member.seen.answers === 0) continue;
      report[member.name] = member.seen;
      member.seen = nothingSeen();
    }
    return report;
  }

  /**
   * Where one that would go anywhere finds no place, no other such one is asked for. What time has changed comes first: in
   * the midst of it the same one would be served twice.
   */
  #serveWaiters(nowMs: number): void {
    if (nowMs >= this.#changesAtMs) return this.#refresh(nowMs);
    let isFull = false;
    for (const waiter of this.#waiters) {
      const { bound, tried } = waiter.ask;
      const isFree = bound === null && tried.length === 0;
      if (isFree && isFull) continue;
      const choice = this.choose(waiter.ask, nowMs);
      if (typeof choice === "string") {
        isFull ||= isFree;
        continue;
      }
      this.#waiters.delete(waiter);
      this.take(choice);
      waiter.serve(choice);
    }
  }

  #refresh(nowMs: number): void {
    let changesAtMs = Infinity;
    for (const member of this.members) {
      member.standing = standingOf(member.view, member.weight, member, nowMs);
      const { sixteenths, untilMs } = slowStart(member.view.upSinceMs, this.config.slowStartMs, nowMs);
      member.effectiveWeight = (member.weight * weightScale * sixteenths) / 16;
      member.maxconn = Math.max(1, ((member.config.maxconn ?? Infinity) * sixteenths) / 16);
      changesAtMs = Math.min(changesAtMs, member.standing.untilMs, untilMs);
    }
    this.#changesAtMs = changesAtMs;
    this.#candidates = this.#electCandidates();
    this.#algorithm.update(this.#candidates);
    if (this.#waiters.size > 0) this.#serveWaiters(nowMs);
  }

  /**
   * The active servers that may serve all; without one the first backup that may (HAProxy, without `option allbackups`).
   * With few active ones and no backup health is ignored: see `panicPercent`.
   */
  #electCandidates(): readonly Member[] {
    const isFit = ({ standing }: Member) => standing.fitness === "all";
    const active = this.members.filter(({ backup }) => !backup);
    const fit = active.filter(isFit);
    const wanted = active.filter(({ view, weight }) => view.admin === "ready" && weight > 0);
    const backup = this.members.find((member) => member.backup && isFit(member));
    this.#isPanic = backup === undefined && 100 * fit.length < this.config.panicPercent * wanted.length;
    if (this.#isPanic) return wanted;
    return fit.length > 0 || backup === undefined ? fit : [backup];
  }
}
