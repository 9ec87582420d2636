import type { DatabaseNode } from "../database/index.ts";
import type { FaultPort } from "../common/fault-port.ts";
import type { Control } from "./object.ts";

/**
 * The bindings of control, beside those of the servers, whose names stand in the site configuration, and those that lead to
 * the faults of other Workers: `portsOf`.
 */
export interface ControlEnv {
  readonly CONTROL: DurableObjectNamespace<Control>;
  readonly NODE: DurableObjectNamespace<DatabaseNode>;
}

/** The one object of the site. A fresh stub each time: one that has failed stays broken. */
export const controlOf = ({ CONTROL }: ControlEnv) => CONTROL.getByName("control");

/** The faults of every other Worker but the front: the bindings whose names end so. */
export const portsOf = (env: ControlEnv): Service<typeof FaultPort>[] =>
  Object.entries(env).flatMap(([name, binding]: [string, unknown]) =>
    name.endsWith("_FAULTS") ? [binding as Service<typeof FaultPort>] : [],
  );
