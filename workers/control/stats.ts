import { haproxyCsv } from "../../shared/telemetry/haproxy-csv.ts";
import { controlOf, type ControlEnv } from "./env.ts";

/** The address of the statistics, as HAProxy's `stats uri` has them with `;csv`. */
export const statsPath = "/_trefoil/stats;csv";

/** The statistics of all isolates of the front, in HAProxy's CSV. */
export const readStats = async (env: ControlEnv): Promise<string> => haproxyCsv(await controlOf(env).stats());
