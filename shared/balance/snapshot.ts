/** What an operator wants of a server. HAProxy, `set server <b>/<s> state`. */
export type AdminState = "ready" | "drain" | "maint";

/** What the checks say of a server: `stopping` serves those that are bound to it, as HAProxy's `NOLB`. */
export type Health = "up" | "stopping" | "down";

/** What control knows of one server, as every isolate of the front is told. */
export interface ServerView {
  readonly admin: AdminState;
  /** When a drain ends for those who are bound to the server, too; `null`: when they leave by themselves. */
  readonly drainUntilMs: number | null;
  /** The weight that an operator gave it, 0 to 256; `null`: that of the configuration. */
  readonly weight: number | null;
  readonly health: Health;
  /** When it came back up, for the slow start; `null` if it was never down. */
  readonly upSinceMs: number | null;
  /** Until when it rests because it was much slower than the others; `null`: it does not. */
  readonly ejectedUntilMs: number | null;
}

/** The servers' states at one moment: what control gives to every isolate. Names that it does not hold are ready and up. */
export interface Snapshot {
  /** Grows with every change. An isolate never goes back to a smaller one, unless control began anew (`reign`). */
  readonly generation: number;
  /** Which life of control's storage this is. */
  readonly reign: string;
  /** By pool, then by server. */
  readonly pools: Readonly<Record<string, Readonly<Record<string, ServerView>>>>;
}

/** A server of which nothing is known: taken for ready and up. */
export const unknownServer: ServerView = {
  admin: "ready",
  drainUntilMs: null,
  weight: null,
  health: "up",
  upSinceMs: null,
  ejectedUntilMs: null,
};
