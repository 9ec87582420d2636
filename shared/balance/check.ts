import type { HealthConfig } from "../config/pool.ts";
import type { HealthEvent } from "./health.ts";

/** What a server said to a check, or why it said nothing. */
export type CheckAnswer =
  /** `body`: its first `limits.checkBodyBytes`, where one was asked for; else `null`. */
  | { readonly type: "answered"; readonly status: number; readonly body: string | null; readonly durationMs: number }
  /** No header, or no body, within the time for a check. */
  | { readonly type: "late"; readonly durationMs: number }
  /** The call failed. */
  | { readonly type: "failed"; readonly error: string; readonly durationMs: number };

/** What came of a check, in HAProxy's words (`check.c`, `check_statuses`). `INI`: there was none. */
export type CheckStatus = "INI" | "HANA" | "L4CON" | "L7OK" | "L7OKC" | "L7STS" | "L7RSP" | "L7TOUT";

/** The last check of a server. */
export interface CheckOutcome {
  readonly status: CheckStatus;
  /** The HTTP status; `null` without an answer. */
  readonly code: number | null;
  readonly durationMs: number;
  /** Why the call failed, or what the body lacks; empty where the status says it all. */
  readonly detail: string;
  readonly atMs: number;
}

/** What HAProxy's stats say to each status. */
export const descriptions: Readonly<Record<CheckStatus, string>> = {
  INI: "Initializing",
  HANA: "Health analyze",
  L4CON: "Layer4 connection problem",
  L7OK: "Layer7 check passed",
  L7OKC: "Layer7 check conditionally passed",
  L7STS: "Layer7 wrong status",
  L7RSP: "Layer7 invalid response",
  L7TOUT: "Layer7 timeout",
};

/** How a server is asked: by HEAD, unless its body counts. */
export const methodOf = ({ expectBody }: Pick<HealthConfig, "expectBody">): "GET" | "HEAD" =>
  expectBody === null ? "HEAD" : "GET";

/** Whether a status is one of `expectStatus`, such as `200-399` or `200,204`. */
export function isExpected(status: number, expectStatus: string): boolean {
  return expectStatus.split(",").some((range) => {
    const [first = NaN, last = first] = range.split("-").map(Number);
    return first <= status && status <= last;
  });
}

/**
 * Judges the answer to a check.
 *
 * @returns what is shown, and what the automaton is told: `stopping` only matters to a server that is up.
 */
export function judge(
  answer: CheckAnswer,
  config: Pick<HealthConfig, "expectStatus" | "expectBody" | "disableOn404">,
  nowMs: number,
): { readonly outcome: CheckOutcome; readonly event: HealthEvent } {
  const { type, status, detail } = verdictOf(answer, config);
  const code = answer.type === "answered" ? answer.status : null;
  return { outcome: { status, code, durationMs: answer.durationMs, detail, atMs: nowMs }, event: { type } };
}

interface Verdict {
  readonly type: "passed" | "stopping" | "failed";
  readonly status: CheckStatus;
  readonly detail: string;
}

function verdictOf(
  answer: CheckAnswer,
  { expectStatus, expectBody, disableOn404 }: Parameters<typeof judge>[1],
): Verdict {
  if (answer.type === "late") return { type: "failed", status: "L7TOUT", detail: "" };
  if (answer.type === "failed") return { type: "failed", status: "L4CON", detail: answer.error };
  const { status, body } = answer;
  if (status === 404 && disableOn404) return { type: "stopping", status: "L7OKC", detail: "" };
  if (!isExpected(status, expectStatus)) return { type: "failed", status: "L7STS", detail: `${status}` };
  if (expectBody !== null && !body?.includes(expectBody))
    return { type: "failed", status: "L7RSP", detail: `The body does not hold ${JSON.stringify(expectBody)}.` };
  return { type: "passed", status: "L7OK", detail: "" };
}
