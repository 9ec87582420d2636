import * as v from "valibot";
import { limits } from "../kernel/limits.ts";

/** The database nodes, and the origin of which each is the machine's other half in the classic design. */
const nodes: ReadonlyMap<string, string> = new Map([
  ["origin-a", "db-1"],
  ["origin-b", "db-2"],
  ["origin-c", "db-3"],
]);

/**
 * What a fault can be put on.
 *
 * @param bindings the service bindings that lead to the servers: each is one target, and `server-a` is `origin-a` as a
 *   whole machine.
 */
export function faultTargets(bindings: readonly string[]): readonly string[] {
  const origins = [...new Set(bindings.map(targetOfBinding))];
  const machines = origins.filter((origin) => origin.startsWith("origin-")).map((origin) => origin.slice(7));
  return ["front", ...origins, ...nodes.values(), "control", ...machines.map((name) => `server-${name}`)];
}

/** What can be wrong with a target. */
export const faultKinds = ["down", "error", "slow", "hang", "abort", "partition", "clock"] as const;

const list = (words: readonly string[]) => words.join(", ");

const wholeMs = `a whole number of milliseconds: 1 to ${limits.faultMs} for slow, up to ${limits.clockFaultMs} either way for clock`;

const keysOf = (targets: readonly string[]) => {
  const target = v.picklist(targets, list(targets));
  return {
    /** What suffers it. */
    target,
    /**
     * `down` refuses, `error` answers 500, `slow` waits `ms` first, `hang` waits until it is cleared, `abort` dies in the
     * middle of the call (a database node at once, losing its memory), `partition` loses what goes between the target and
     * `peers`, `clock` shifts the target's clock by `ms`.
     */
    fault: v.picklist(faultKinds, list(faultKinds)),
    /** For `slow` and `clock`. */
    ms: v.optional(v.pipe(v.number(wholeMs), v.integer(wholeMs))),
    /** For `partition`: whom the target is cut off from. Without it: everybody. */
    peers: v.optional(v.pipe(v.array(target, "a list of targets"), v.minLength(1, "at least one target"))),
    /** For `partition`: what is lost, seen from the target. */
    direction: v.optional(v.picklist(["both", "out", "in"], "both, out, in")),
  };
};

/**
 * The body of `POST /_trefoil/api/faults`.
 *
 * @param targets as `faultTargets` gives them.
 */
export function faultSchema(targets: readonly string[]) {
  const keys = keysOf(targets);
  return v.pipe(
    v.strictObject(keys, ({ expected }) =>
      expected === "Object" ? "a JSON object" : `the keys ${list(Object.keys(keys))}`,
    ),
    v.forward(
      v.partialCheck([["fault"], ["ms"]], ({ fault, ms }) => isInRange(fault, ms), wholeMs),
      ["ms"],
    ),
  );
}

function isInRange(fault: (typeof faultKinds)[number], ms: number | undefined): boolean {
  if (fault === "slow") return ms !== undefined && ms >= 1 && ms <= limits.faultMs;
  if (fault === "clock") return ms !== undefined && Math.abs(ms) <= limits.clockFaultMs;
  return true;
}

/** A fault in force. */
export type Fault = v.InferOutput<ReturnType<typeof faultSchema>>;

/** The single targets that a target stands for: `server-a` is `origin-a` and `db-1`, and `server-d` only `origin-d`. */
export function membersOf(target: string): readonly string[] {
  if (!target.startsWith("server-")) return [target];
  const origin = target.replace("server", "origin");
  const node = nodes.get(origin);
  return node === undefined ? [origin] : [origin, node];
}

/** The single target that a service binding leads to: `ORIGIN_A` is `origin-a`. */
export const targetOfBinding = (binding: string): string => binding.toLowerCase().replaceAll("_", "-");

/** The faults that a single target suffers, in the order in which they were put on it. */
export function faultsOn(faults: readonly Fault[], target: string): readonly Fault[] {
  return faults.filter((fault) => membersOf(fault.target).includes(target));
}

/** Whether a message from one single target to another is lost. */
export function isCut(faults: readonly Fault[], from: string, to: string): boolean {
  return faults.some((fault) => fault.fault === "partition" && isCutBy(fault, from, to));
}

function isCutBy({ target, peers, direction = "both" }: Fault, from: string, to: string): boolean {
  const inside = membersOf(target);
  const outside = peers?.flatMap(membersOf);
  const crosses = (here: string, there: string) =>
    inside.includes(here) && !inside.includes(there) && (outside?.includes(there) ?? true);
  return (direction !== "in" && crosses(from, to)) || (direction !== "out" && crosses(to, from));
}

/** By how much a single target's clock is ahead, in milliseconds. */
export function offsetMs(faults: readonly Fault[], target: string): number {
  return faultsOn(faults, target).reduce((sum, { fault, ms = 0 }) => (fault === "clock" ? sum + ms : sum), 0);
}

/** The faults in force once another one is: it takes the place of one of the same kind on the same target. */
export function withFault(faults: readonly Fault[], added: Fault): readonly Fault[] {
  return [...faults.filter(({ target, fault }) => target !== added.target || fault !== added.fault), added];
}
