import * as v from "valibot";
import site from "#site";
import { type Fault, faultSchema, faultTargets, membersOf, withFault } from "../../shared/admin/fault.ts";
import { type Failure, failure } from "../../shared/kernel/error.ts";
import { explain } from "../../shared/kernel/explain.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { setFaults } from "../common/fault-port.ts";
import { type ControlEnv, portsOf } from "./env.ts";

/** The address of the fault API. */
export const faultsPath = "/_trefoil/api/faults";

/** The list that all Workers are given. Never stored: it ends with the process, and so do the faults everywhere. */
let faults: readonly Fault[] = [];

const bindings = Object.values(site.pools).flatMap(({ servers }) => servers.flatMap(({ binding }) => binding ?? []));

const schema = faultSchema(faultTargets(bindings));

/** The faults in force, in the order in which they were put there. */
export const faultsInForce = (): readonly Fault[] => faults;

/**
 * Puts a fault in force: when this returns, every Worker but the front has it, and the front takes it over before it
 * answers. `abort` of a database node happens once, now, and leaves nothing in force.
 *
 * @param input what the client sent.
 */
export async function addFault(env: ControlEnv, input: unknown): Promise<{ readonly ok: true } | Failure> {
  const parsed = v.safeParse(schema, input);
  if (!parsed.success) return failure("bad-request", parsed.issues.map(explain).join("; "));
  const { target, fault } = parsed.output;
  const members = membersOf(target);
  const isOver = fault === "abort" && members.every(isNode);
  const next = isOver ? faults : withFault(faults, parsed.output);
  if (next.length > limits.faults)
    return failure("overloaded", `${limits.faults} faults are in force; clear them first`);
  await distribute(env, next);
  if (fault === "abort") await Promise.all(members.filter(isNode).map((node) => crash(env, node)));
  return { ok: true };
}

/** Lifts every fault. */
export const clearFaults = (env: ControlEnv): Promise<void> => distribute(env, []);

/** The call never comes back from a node that it has ended: its rejection is the expected answer. */
const crash = (env: ControlEnv, node: string): Promise<void> =>
  env.NODE.getByName(node)
    .crash()
    .catch(() => undefined);

const isNode = (target: string) => target.startsWith("db-");

async function distribute(env: ControlEnv, next: readonly Fault[]): Promise<void> {
  faults = next;
  setFaults(next);
  await Promise.all(portsOf(env).map((port) => port.set(next)));
}
