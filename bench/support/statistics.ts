/** The middle of some numbers, by half of the two in the middle if their count is even; `NaN` of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}

/** A quotient as it came out in several rounds. */
export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The quotients of what was measured in the same rounds, side by side. */
export function ratioOf(these: readonly number[], those: readonly number[]): Ratio {
  const quotients = these.map((value, round) => value / (those[round] ?? NaN));
  return { median: median(quotients), least: Math.min(...quotients), most: Math.max(...quotients) };
}
