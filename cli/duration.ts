import { CommandError } from "./command.ts";

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads a time such as `30m`: a whole number and `ms`, `s`, `m`, `h` or `d`, as HAProxy writes times.
 *
 * @param option the name of the option, for the message.
 * @returns milliseconds.
 */
export function readDuration(text: string, option: string): number {
  const [, count = "", unit = ""] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? [];
  const factor = units[unit];
  if (factor === undefined)
    throw new CommandError(`${option} is "${text}"; a time such as 90s, 30m or 2h is needed.`, 1);
  return Number(count) * factor;
}

/** A time in one or two units: `45s`, `12m`, `3h 5m`, `2d 1h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return "0s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(" ");
}
