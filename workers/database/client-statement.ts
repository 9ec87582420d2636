import { present } from "../../shared/kernel/assert.ts";
import type { StatementRequest, StatementResult } from "../../shared/replication/statement-run.ts";
import type { Integers, ResultCell } from "../../shared/sql/exact-result.ts";
import type { Argument } from "../../shared/sql/parameters.ts";
import type { QueryReply } from "./messages.ts";

/** The answer of a node that served. */
export type Served = Extract<QueryReply, { ok: true }>;

/** Runs a batch as one transaction; throws a `DatabaseError` if it fails. */
export type RunBatch = (statements: readonly StatementRequest[]) => Promise<Served>;

/** A statement with its parameters, D1's `D1PreparedStatement`. */
export class ClientStatement implements D1PreparedStatement {
  readonly statement: string;
  readonly params: readonly Argument[];
  readonly #runBatch: RunBatch;
  readonly #integers: Integers;

  constructor(runBatch: RunBatch, integers: Integers, statement: string, params: readonly Argument[] = []) {
    this.#runBatch = runBatch;
    this.#integers = integers;
    this.statement = statement;
    this.params = params;
  }

  /**
   * The same statement with these values for its parameters.
   *
   * @throws a `D1_TYPE_ERROR` for a value that SQLite has no form for.
   */
  bind(...values: unknown[]): ClientStatement {
    return new ClientStatement(this.#runBatch, this.#integers, this.statement, values.map(asArgument));
  }

  /** All rows, with what the statement did. */
  async all<T = Record<string, unknown>>(): Promise<D1Result<T>> {
    const { result, reply } = await this.#execute();
    return asD1Result<T>(result, reply);
  }

  /** The same as `all`, as in D1. */
  run<T = Record<string, unknown>>(): Promise<D1Result<T>> {
    return this.all<T>();
  }

  /** The first row, or one column of it; `null` without a row. */
  async first<T>(column?: string): Promise<T | null> {
    const { result } = await this.#execute();
    const [row] = result.rows;
    if (!row) return null;
    if (column === undefined) return asObject(result.columns, row) as T;
    const at = result.columns.indexOf(column);
    if (at < 0) throw new Error(`D1_COLUMN_NOTFOUND: Column not found (${column})`);
    return asD1Value(row[at] ?? null) as T;
  }

  raw<T = unknown[]>(options: { columnNames: true }): Promise<[string[], ...T[]]>;
  raw<T = unknown[]>(options?: { columnNames?: false }): Promise<T[]>;
  /** Rows as arrays, which keeps columns of the same name apart; with the column names before them if asked. */
  async raw<T = unknown[]>(options?: { columnNames?: boolean }): Promise<T[] | [string[], ...T[]]> {
    const { result } = await this.#execute();
    const rows = result.rows.map((row) => row.map(asD1Value)) as T[];
    return options?.columnNames ? [[...result.columns], ...rows] : rows;
  }

  /** The statement as it goes to a node. */
  get request(): StatementRequest {
    return { sql: this.statement, parameters: this.params, integers: this.#integers };
  }

  async #execute(): Promise<{ result: StatementResult; reply: Served }> {
    const reply = await this.#runBatch([this.request]);
    return { result: present(reply.results[0], "the statement's result"), reply };
  }
}

/** One statement's result in D1's form. */
export function asD1Result<T>(result: StatementResult, reply: Served): D1Result<T> {
  return {
    success: true,
    results: result.rows.map((row) => asObject(result.columns, row)) as T[],
    meta: {
      served_by: reply.node,
      served_by_primary: reply.role === "primary",
      duration: reply.durationMs,
      timings: { sql_duration_ms: reply.durationMs },
      size_after: reply.sizeBytes,
      rows_read: result.rowsRead,
      rows_written: result.rowsWritten,
      // D1's type says number, and so it is, but for a rowid that a number would round.
      last_row_id: result.lastRowId as number,
      changes: result.changes,
      changed_db: result.kind === "schema" || result.changes > 0,
    },
  };
}

const asObject = (columns: readonly string[], row: readonly ResultCell[]): Record<string, unknown> =>
  Object.fromEntries(columns.map((column, at) => [column, asD1Value(row[at] ?? null)]));

/** D1 gives blobs as arrays of numbers. */
const asD1Value = (cell: ResultCell): unknown => (cell instanceof ArrayBuffer ? [...new Uint8Array(cell)] : cell);

function asArgument(value: unknown): Argument {
  if (value === null || value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value;
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
    case "bigint":
      return value;
    default:
      if (Array.isArray(value) && value.every(isByte)) return new Uint8Array(value);
      throw new Error(`D1_TYPE_ERROR: Type '${typeof value}' not supported for value '${String(value)}'`);
  }
}

const isByte = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 255;
