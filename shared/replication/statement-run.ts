import { failure, Undo, type Failure } from "../kernel/error.ts";
import { SqlError, type Cell, type ResultSet, type SqlEngine } from "../sql/engine.ts";
import type { Kind } from "../sql/kind.ts";
import { bindStatement, type Argument, type BoundStatement } from "../sql/parameters.ts";
import type { Statement } from "../sql/statement.ts";

/** A statement as a client sends it. */
export interface StatementRequest {
  readonly sql: string;
  readonly parameters: readonly Argument[];
}

/** What one statement gave and did. */
export interface StatementResult {
  readonly kind: Kind;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Rows that the statement itself inserted, updated or deleted: those of triggers and cascades are not counted. */
  readonly changes: number;
  readonly lastRowId: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

/** What a batch gave: one result a statement, all or none. */
export type BatchOutcome = { readonly ok: true; readonly results: readonly StatementResult[] } | Failure;

/** The result of a statement that only read. */
export const readResult = ({ columns, rows, rowsRead, rowsWritten }: ResultSet): StatementResult => ({
  kind: "read",
  columns,
  rows,
  changes: 0,
  lastRowId: 0,
  rowsRead,
  rowsWritten,
});

/** The result of a statement that wrote, with the engine's own count: triggers do not disturb `changes()` (https://sqlite.org/c3ref/changes.html). */
export function writeResult(
  engine: SqlEngine,
  kind: Kind,
  { columns, rows, rowsRead, rowsWritten }: ResultSet,
): StatementResult {
  const [changes, lastRowId] = engine.run("SELECT changes(), last_insert_rowid()").rows[0] ?? [];
  return {
    kind,
    columns,
    rows,
    changes: kind === "schema" ? 0 : Number(changes),
    lastRowId: Number(lastRowId),
    rowsRead,
    rowsWritten,
  };
}

/** Binds the request's parameters, or undoes the transaction. */
export function bind(statement: Statement, { parameters }: StatementRequest): BoundStatement {
  const bound = bindStatement(statement, parameters);
  if (!bound.ok) throw new Undo(bound);
  return bound;
}

/** The failure that `error` stands for. Trouble of the storage itself is thrown on: the caller cannot know what it left. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Undo) return error.failure;
  if (error instanceof SqlError) return failure("sql-error", error.message);
  throw error;
}
