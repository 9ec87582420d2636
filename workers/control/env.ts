import type { DatabaseNode } from "../database/index.ts";
import type { FaultPort } from "../common/fault-port.ts";

/** The bindings of control, beside those of the servers, whose names stand in the site configuration. */
export interface ControlEnv {
  readonly NODE: DurableObjectNamespace<DatabaseNode>;
  readonly ORIGIN_A_FAULTS: Service<typeof FaultPort>;
  readonly ORIGIN_B_FAULTS: Service<typeof FaultPort>;
  readonly ORIGIN_C_FAULTS: Service<typeof FaultPort>;
  readonly DATABASE_FAULTS: Service<typeof FaultPort>;
}
