/** A call of the database client. */
export interface Call {
  readonly method: "run" | "all" | "first" | "raw" | "batch" | "exec";
  readonly sql: string | readonly string[];
  /** JSON values; `{ big: "123" }` stands for a bigint, `{ blob: [1, 2] }` for bytes. */
  readonly values?: readonly unknown[];
}

/** Calls that one session makes one after the other. */
export interface Script {
  /** Where the session starts; without it, the calls are made outside of any session. */
  readonly start?: string;
  /** How integers come back: in the JSON of the outcome, `{ big: "123" }` stands for a bigint. */
  readonly integers?: "number" | "bigint";
  readonly calls: readonly Call[];
}

/** What came of a script. */
export interface Outcome {
  readonly results: readonly unknown[];
  readonly error?: { readonly message: string; readonly code?: string; readonly retryable?: boolean };
  readonly bookmark: string | null;
  readonly servedBy: string | null;
  readonly written: string | null;
  /** What the session that this one was opened from counts as written. */
  readonly writtenInParent: string | null;
}
