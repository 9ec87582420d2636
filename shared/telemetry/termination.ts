/**
 * The four characters of HAProxy's log that say how an exchange ended (HAProxy manual 8.5).
 *
 * | the front answers | characters | because |
 * |---|---|---|
 * | what the server answered, whole | `--` | |
 * | the same, and the client left before its end | `CD` | |
 * | the same, and the client stood still for `idleMs` | `cD` | |
 * | the same, and the server broke off | `SD` | |
 * | the same, and the server stood still for `idleMs` | `sD` | |
 * | 400, the request broke off | `CR` | |
 * | 400, 405, 413, 417, 431 | `PR` | the front refuses the request |
 * | 429, 403 | `PR` | a rule denies it |
 * | 408 | `cR` | the client stood still within the request |
 * | 502 | `SH` | the server failed before its header |
 * | 503, every server failed | `SC` | no server could be reached; `<NOSRV>` when none is there to be tried |
 * | 503, the queue is full | `RQ` | HAProxy has no case of its own: a bounded resource is used up |
 * | 503, the wait in the queue was too long | `sQ` | |
 * | 504 | `sH` | no header within the deadline |
 * | nothing, the client left while it waited in the queue, or for the header | `CQ`, `CH` | |
 * | a redirect of the site configuration | `LR` | the front answers by itself |
 * | 500 | `IR` | a bug in the front |
 */
export const causes = {
  none: "-",
  client: "C",
  "client-timeout": "c",
  server: "S",
  "server-timeout": "s",
  proxy: "P",
  local: "L",
  resource: "R",
  internal: "I",
  /** Broken off because the server went down. */
  down: "D",
  killed: "K",
} as const;

/** Where the exchange was when it ended. */
export const phases = { none: "-", request: "R", queue: "Q", connect: "C", header: "H", data: "D", last: "L" } as const;

/** What the client's cookie of a sticky pool said. HAProxy manual 8.5, third character. */
export const requestCookies = {
  /** The pool is not sticky. */
  ignored: "-",
  none: "N",
  /** Names no server. */
  invalid: "I",
  /** Names a server that is down. */
  down: "D",
  valid: "V",
  /** Longer unused than `stickyIdleMs`. */
  expired: "E",
  /** Older than `stickyLifeMs`. */
  old: "O",
} as const;

/** What became of the cookie in the answer. HAProxy manual 8.5, fourth character. */
export const responseCookies = { ignored: "-", none: "N", inserted: "I", updated: "U", deleted: "D" } as const;

/** How an exchange ended. */
export interface Termination {
  readonly cause: keyof typeof causes;
  readonly phase: keyof typeof phases;
  readonly requestCookie: keyof typeof requestCookies;
  readonly responseCookie: keyof typeof responseCookies;
}

/** The four characters. */
export const terminationOf = ({ cause, phase, requestCookie, responseCookie }: Termination): string =>
  causes[cause] + phases[phase] + requestCookies[requestCookie] + responseCookies[responseCookie];
