import { failure, Undo, type Failure } from "../kernel/error.ts";
import type { Analysed } from "../sql/analysis.ts";
import { SqlError, type SqlEngine } from "../sql/engine.ts";
import { runExactly, type Integers, type ResultCell } from "../sql/exact-result.ts";
import type { Kind } from "../sql/kind.ts";
import { bindStatement, columnNames, type Argument, type BoundStatement } from "../sql/parameters.ts";

/** A statement as a client sends it. */
export interface StatementRequest {
  readonly sql: string;
  readonly parameters: readonly Argument[];
  /** How the integers of the result are wanted: numbers unless it is said. */
  readonly integers?: Integers;
}

/** What one statement gave and did. */
export interface StatementResult {
  readonly kind: Kind;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly ResultCell[])[];
  /** Rows that the statement itself inserted, updated or deleted: those of triggers and cascades are not counted. */
  readonly changes: number;
  /** A bigint where a number would round it. */
  readonly lastRowId: number | bigint;
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

/** What a batch gave: one result a statement, all or none. */
export type BatchOutcome = { readonly ok: true; readonly results: readonly StatementResult[] } | Failure;

/** Runs one statement of a batch, which `analysed` says may run. Throws what undoes its transaction. */
export function runRequest(engine: SqlEngine, analysed: Analysed, request: StatementRequest): StatementResult {
  const { statement, kind } = analysed;
  const bound = bindRequest(analysed, request);
  const result = runExactly(engine, analysed, bound, request.integers ?? "number");
  const columns = columnNames(statement, result.columns);
  return { kind, ...result, columns, ...(kind === "read" ? { changes: 0, lastRowId: 0 } : countsOf(engine, kind)) };
}

/** Binds the parameters of a request, or undoes its transaction. */
export function bindRequest({ statement }: Analysed, { parameters }: StatementRequest): BoundStatement {
  const bound = bindStatement(statement, parameters);
  if (!bound.ok) throw new Undo(bound);
  return bound;
}

/** The result of a statement that wrote `changes` rows of a full-text table, row by row. */
export const searchResult = (engine: SqlEngine, changes: number): StatementResult => ({
  kind: "write",
  columns: [],
  rows: [],
  rowsRead: 0,
  rowsWritten: 0,
  ...countsOf(engine, "write"),
  changes,
});

/** The engine's own counts: triggers do not disturb them (https://sqlite.org/c3ref/changes.html). */
function countsOf(engine: SqlEngine, kind: Kind): Pick<StatementResult, "changes" | "lastRowId"> {
  const [changes, rowid] = engine.run("SELECT changes(), CAST(last_insert_rowid() AS TEXT)").rows[0] ?? [];
  const lastRowId = Number(rowid);
  return {
    changes: kind === "schema" ? 0 : Number(changes),
    lastRowId: Number.isSafeInteger(lastRowId) ? lastRowId : BigInt(String(rowid)),
  };
}

/** The failure that `error` stands for. Trouble of the storage itself is thrown on: the caller cannot know what it left. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Undo) return error.failure;
  if (error instanceof SqlError) return failure("sql-error", error.message);
  throw error;
}
