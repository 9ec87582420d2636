import type { HealthConfig, PoolConfig } from "../config/pool.ts";
import type { AdminState, Health } from "./snapshot.ts";

/** What follows when the front has seen too many bad answers: `pools.<name>.observe.onError`. */
export type OnError = NonNullable<PoolConfig["observe"]>["onError"];

/** Where a server stands between up and down: HAProxy's health counter. */
export interface HealthState {
  /** From 0, which is down, to `rise + fall - 1`, which is up. Below `rise` the server is down. */
  readonly counter: number;
  readonly health: Health;
}

/** The part of the configuration that the automaton goes by. */
export type HealthRules = Pick<HealthConfig, "rise" | "fall">;

export type HealthEvent =
  /** A check passed. */
  | { readonly type: "passed" }
  /** A check passed, but the server asks for no new visitors: `disableOn404`. */
  | { readonly type: "stopping" }
  /** A check failed. */
  | { readonly type: "failed" }
  /** An isolate of the front has seen `observe.errorLimit` bad answers in a row. */
  | { readonly type: "observed"; readonly onError: OnError };

/** The counter of a server that is well. */
export const topOf = ({ rise, fall }: HealthRules): number => rise + fall - 1;

/**
 * A server of which only its last health is known: what was up is up and one failure from down, as HAProxy starts; what
 * was down stays down until it passes.
 */
export const startHealth = (health: Health, { rise }: HealthRules): HealthState => ({
  counter: health === "down" ? 0 : rise,
  health,
});

/**
 * HAProxy's automaton (`check.c`, `set_server_check_status` and `__health_adjust`): a check that passes counts up, and at
 * `rise` the counter jumps to its top; one that fails counts down, and below `rise` it falls to 0.
 */
export function stepHealth(state: HealthState, event: HealthEvent, rules: HealthRules): HealthState {
  switch (event.type) {
    case "passed":
      return passed(state, rules, "up");
    case "stopping":
      // "404 may be accepted as stopping only if the server was up", tcpcheck.c.
      return state.health === "down" ? failed(state, rules) : passed(state, rules, "stopping");
    case "failed":
      return failed(state, rules);
    case "observed":
      return observed(state, event.onError, rules);
  }
}

function passed({ counter, health }: HealthState, rules: HealthRules, then: Health): HealthState {
  const next = counter + 1;
  if (next < rules.rise) return { counter: next, health };
  return { counter: topOf(rules), health: then };
}

function failed({ counter, health }: HealthState, { rise }: HealthRules): HealthState {
  const next = counter - 1;
  return next < rise ? { counter: 0, health: "down" } : { counter: next, health };
}

function observed(state: HealthState, onError: OnError, rules: HealthRules): HealthState {
  const { rise } = rules;
  switch (onError) {
    case "fastinter":
      return state;
    case "fail-check":
      return failed(state, rules);
    case "sudden-death":
      return failed({ ...state, counter: Math.min(state.counter, rise + 1) }, rules);
    case "mark-down":
      return failed({ ...state, counter: Math.min(state.counter, rise) }, rules);
  }
}

/** Milliseconds until the next check. HAProxy, `srv_getinter`: `fastinter` wherever the counter is between its ends. */
export function intervalMs({ counter, health }: HealthState, config: HealthConfig): number {
  if (counter === topOf(config)) return config.interMs;
  return counter === 0 && health === "down" ? config.downinterMs : config.fastinterMs;
}

/**
 * The state in HAProxy's words, as its stats have them: `UP`, `UP 2/3`, `DOWN`, `DOWN 1/2`, `NOLB`, `DRAIN 1/3`, `MAINT`,
 * `no check` (`stats.c`, `srv_hlt_st`).
 *
 * @param rules `null`: the server is not checked.
 */
export function displayOf(admin: AdminState, { counter, health }: HealthState, rules: HealthRules | null): string {
  if (admin === "maint") return "MAINT";
  if (rules === null) return admin === "drain" ? "DRAIN" : "no check";
  if (health === "down") return counter === 0 ? "DOWN" : `DOWN ${counter}/${rules.rise}`;
  const word = admin === "drain" && health === "up" ? "DRAIN" : wordOf[health];
  return counter === topOf(rules) ? word : `${word} ${counter - rules.rise + 1}/${rules.fall}`;
}

const wordOf = { up: "UP", stopping: "NOLB" } as const;
