import { limits } from "../kernel/limits.ts";

/** When a server is checked. */
export interface CheckTimes {
  /**
   * From when on it is to be checked again, if there is traffic; while a check is under way, when that would be if it
   * changed nothing. `null`: never, because it is in maintenance or not checked.
   */
  readonly wantedMs: number | null;
  /** When the check that is under way began; `null`: none is. */
  readonly startedMs: number | null;
}

/** No check is wanted. */
export const unchecked: CheckTimes = { wantedMs: null, startedMs: null };

/** The first of the times between two checks without traffic; each one after is twice as long. */
const firstPauseMs = 1000;

/**
 * When a check that is wanted at `wantedMs` takes place. Up to `limits.checkActiveMs` after the last report that is then,
 * to the tenth of a second. After that all servers are checked together 1, 2, 4, 8 ... s later, and beyond
 * `limits.checkIdleMs` none is. So there are at most `checkActiveMs / checkTickMs + log2((checkIdleMs - checkActiveMs) /
 * 1000) + 1` times of checks after the last report, whatever the configuration, and then no more.
 *
 * @param lastReportMs when an isolate of the front last reported, or an operator looked.
 * @returns `null`: not before the next report.
 */
export function checkTimeMs(wantedMs: number, lastReportMs: number): number | null {
  const quietMs = lastReportMs + limits.checkActiveMs;
  const endMs = lastReportMs + limits.checkIdleMs;
  if (wantedMs > endMs) return null;
  const tickMs = Math.floor(wantedMs / limits.checkTickMs) * limits.checkTickMs;
  if (tickMs <= quietMs) return tickMs;
  let pauseMs = firstPauseMs;
  while (quietMs + pauseMs < wantedMs) pauseMs *= 2;
  return quietMs + pauseMs <= endMs ? quietMs + pauseMs : null;
}

/** A server whose check times are known. */
export interface Checked {
  readonly times: CheckTimes;
}

/**
 * Which servers are checked now, those first that have waited longest: as many as `limits.checksAtOnce` leaves room for.
 */
export function dueNow<Server extends Checked>(
  servers: readonly Server[],
  lastReportMs: number,
  nowMs: number,
): Server[] {
  const underWay = servers.filter(({ times }) => times.startedMs !== null).length;
  return servers
    .filter((server) => server.times.startedMs === null && (timeOf(server, lastReportMs) ?? Infinity) <= nowMs)
    .toSorted((one, other) => (one.times.wantedMs ?? 0) - (other.times.wantedMs ?? 0))
    .slice(0, Math.max(0, limits.checksAtOnce - underWay));
}

/** When the next check takes place that is not due yet; `null`: not before the next report. */
export function nextCheckMs(servers: readonly Checked[], lastReportMs: number, nowMs: number): number | null {
  const times = servers.flatMap((server) => timeOf(server, lastReportMs) ?? []).filter((atMs) => atMs > nowMs);
  return times.length === 0 ? null : Math.min(...times);
}

const timeOf = ({ times: { wantedMs } }: Checked, lastReportMs: number): number | null =>
  wantedMs === null ? null : checkTimeMs(wantedMs, lastReportMs);
