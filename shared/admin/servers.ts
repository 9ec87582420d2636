import * as v from "valibot";
import { limits } from "../kernel/limits.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const timeMs = v.number();

/** What came of the last check of a server. */
const lastCheckSchema = v.object({
  /** In HAProxy's words: `L7OK`, `L7OKC`, `L7STS`, `L7RSP`, `L7TOUT`, `L4CON`, `HANA`. */
  status: v.string(),
  /** The HTTP status; `null` without an answer. */
  code: v.nullable(count),
  durationMs: count,
  /** The status in a few words, as HAProxy has them. */
  description: v.string(),
  /** What else there is to say; may be empty. */
  detail: v.string(),
  atMs: timeMs,
});

/** A server of a pool, as control knows it. */
export const serverSchema = v.object({
  pool: v.string(),
  name: v.string(),
  /** HAProxy's words: `UP`, `UP 2/3`, `DOWN`, `DOWN 1/2`, `NOLB`, `DRAIN`, `MAINT`, `no check`. */
  state: v.string(),
  admin: v.picklist(["ready", "drain", "maint"]),
  /** When a drain ends for those who are bound to the server, too; `null`: when they leave by themselves. */
  drainUntilMs: v.nullable(timeMs),
  health: v.picklist(["up", "stopping", "down"]),
  /** Until when it rests because it was much slower than the others; `null`: it does not. */
  ejectedUntilMs: v.nullable(timeMs),
  /** When it came back up; `null`: it was never down. */
  upSinceMs: v.nullable(timeMs),
  /** The weight in force, without slow start. */
  weight: count,
  /** The weight of the configuration. */
  initialWeight: count,
  backup: v.boolean(),
  /** How it is checked: the counter runs from 0 to `rise + fall - 1`; `null`: it is not. */
  checks: v.nullable(v.object({ rise: count, fall: count, counter: count })),
  /** `null`: there was none since control started or maintenance began. */
  lastCheck: v.nullable(lastCheckSchema),
  /** When `admin` or `health` last changed. */
  changedAtMs: timeMs,
  /** Failed checks of a server that was not yet down, failures that the front observed, times that it went down or into maintenance. */
  failedChecks: count,
  failedAnalyses: count,
  downs: count,
  /** How long it was down or in maintenance, all together. */
  downMs: count,
});

/** A server of a pool, as control knows it. */
export type ServerDetail = v.InferOutput<typeof serverSchema>;

/** The answer of `GET /_trefoil/api/servers`. */
export const serversSchema = v.object({
  /** Control's clock. */
  nowMs: timeMs,
  /** Grows with every change that the front is told. */
  generation: count,
  /** In the order of the configuration. */
  servers: v.array(serverSchema),
});

/** The answer of `GET /_trefoil/api/servers`. */
export type Servers = v.InferOutput<typeof serversSchema>;

const drainTime = `a whole number of milliseconds from 1 to ${limits.drainMs}, for a drain alone`;

/** The body of `POST /_trefoil/api/servers/:pool/:server/state`. */
export const stateChangeSchema = v.pipe(
  v.strictObject(
    {
      state: v.picklist(["ready", "drain", "maint"], "ready, drain, maint"),
      /** For `drain`: after so long those who are bound to the server move, too. */
      forMs: v.optional(
        v.pipe(
          v.number(drainTime),
          v.integer(drainTime),
          v.minValue(1, drainTime),
          v.maxValue(limits.drainMs, drainTime),
        ),
      ),
    },
    ({ expected }) => (expected === "Object" ? "a JSON object" : "the keys state, forMs"),
  ),
  v.forward(
    v.check(({ state, forMs }) => forMs === undefined || state === "drain", drainTime),
    ["forMs"],
  ),
);

const weight = "a whole number from 0 to 256, or null for that of the configuration";

/** The body of `POST /_trefoil/api/servers/:pool/:server/weight`. */
export const weightChangeSchema = v.strictObject(
  { weight: v.nullable(v.pipe(v.number(weight), v.integer(weight), v.minValue(0, weight), v.maxValue(256, weight))) },
  ({ expected }) => (expected === "Object" ? "a JSON object" : "the key weight"),
);

/** What both answer. */
export const changeSchema = v.object({
  server: serverSchema,
  /** Control's clock. */
  nowMs: timeMs,
  /** When every isolate of the front goes by the change: those that have an older snapshot ask for a new one until then. */
  inForceAtMs: timeMs,
});

/** What came of a change. */
export type Change = v.InferOutput<typeof changeSchema>;
