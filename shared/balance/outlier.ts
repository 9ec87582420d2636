import type { OutlierConfig } from "../config/pool.ts";
import { limits } from "../kernel/limits.ts";

/** What is known of how fast a server answers. */
export interface Latency {
  /** Answers in the window that is being filled, and the time until the header of all of them together. */
  readonly answers: number;
  readonly answerMs: number;
  /** When the window began; meaningless while it is empty. */
  readonly sinceMs: number;
  /** The mean of the last full window, and when that was; `null` before the first one. */
  readonly mean: { readonly ms: number; readonly atMs: number } | null;
}

/** How often a server has had to rest lately, and until when it does. */
export interface Ejection {
  /** Grows with each rest, and shrinks with each window in which the server was not too slow. */
  readonly times: number;
  readonly untilMs: number | null;
}

export const noLatency: Latency = { answers: 0, answerMs: 0, sinceMs: 0, mean: null };
export const noEjection: Ejection = { times: 0, untilMs: null };

/**
 * Adds what the isolates of the front saw. A window that fills more slowly than `limits.latencyWindowMs` begins anew:
 * what a server did an hour ago says nothing about now.
 *
 * @returns `full`: whether this filled the window, so that the server is to be judged.
 */
export function addAnswers(
  latency: Latency,
  added: { readonly answers: number; readonly answerMs: number },
  config: OutlierConfig,
  nowMs: number,
): { readonly latency: Latency; readonly full: boolean } {
  if (added.answers === 0) return { latency, full: false };
  const isNew = latency.answers === 0 || nowMs - latency.sinceMs > limits.latencyWindowMs;
  const answers = (isNew ? 0 : latency.answers) + added.answers;
  const answerMs = (isNew ? 0 : latency.answerMs) + added.answerMs;
  if (answers < config.answers) {
    const sinceMs = isNew ? nowMs : latency.sinceMs;
    return { latency: { ...latency, answers, answerMs, sinceMs }, full: false };
  }
  return { latency: { ...noLatency, mean: { ms: answerMs / answers, atMs: nowMs } }, full: true };
}

/**
 * Whether a server is so much slower than the others that it should rest: more than `factor` times as slow as the middle
 * one of them, and by `leastMs` at least.
 *
 * @param others those that can serve, without the server itself: next to one that is slow, it would be the middle of two.
 */
export function isOutlier(
  { mean }: Latency,
  others: readonly Latency[],
  { factor, leastMs }: OutlierConfig,
  nowMs: number,
): boolean {
  const fresh = others.flatMap((other) =>
    other.mean !== null && nowMs - other.mean.atMs <= limits.latencyWindowMs ? [other.mean.ms] : [],
  );
  if (mean === null || fresh.length === 0) return false;
  const middleMs = medianOf(fresh);
  return mean.ms > factor * middleMs && mean.ms - middleMs >= leastMs;
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? NaN) + upper) / 2;
}

/**
 * Whether a server may rest without harm: another one that can serve is left, and not so few that the pool panics.
 *
 * @param fit servers that can serve now, this one among them.
 * @param all servers of the pool that are no backups.
 */
export const maySpare = (fit: number, all: number, panicPercent: number): boolean =>
  fit > 1 && (fit - 1) * 100 >= panicPercent * all;

/** A rest: n times as long the nth time in a row, as Envoy's, and `limits.ejectionMs` at most. */
export function eject({ times }: Ejection, { restMs }: OutlierConfig, nowMs: number): Ejection {
  const next = times + 1;
  return { times: next, untilMs: nowMs + Math.min(limits.ejectionMs, next * restMs) };
}

/** A window in which the server was not too slow. */
export const forgive = (ejection: Ejection): Ejection => ({ ...ejection, times: Math.max(0, ejection.times - 1) });

/** Whether it rests now. */
export const rests = ({ untilMs }: Ejection, nowMs: number): boolean => untilMs !== null && nowMs < untilMs;
