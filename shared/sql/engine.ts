/** A value as the engine hands it out: integers past 2^53 have lost their last digits (see `value.ts` for exact ones). */
export type Cell = null | number | string | ArrayBuffer;

/** A value as the engine takes it: every number binds as a REAL. */
export type Bindable = null | number | string | ArrayBuffer;

/** All that one statement gave, its cursor read to the end. */
export interface ResultSet {
  readonly columns: string[];
  readonly rows: Cell[][];
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

/** SQLite refused a statement. Everything else that an engine throws is trouble of the storage under it. */
export class SqlError extends Error {
  override readonly name = "SqlError";
}

/**
 * SQLite as pure code sees it: synchronous, one statement per call. The Durable Object's `SqlStorage` stands behind it
 * in production, `node:sqlite` in unit tests.
 */
export interface SqlEngine {
  /**
   * Runs one statement and reads its cursor to the end: a cursor left open breaks the commit that follows.
   *
   * @throws {SqlError} when SQLite refuses it: what the statement changed is undone, what came before it in the transaction stays.
   */
  run(sql: string, ...parameters: Bindable[]): ResultSet;

  /** Runs `work` as one transaction, nested ones as savepoints. What it throws undoes its changes and is thrown on. */
  transaction<T>(work: () => T): T;

  /** Bytes that the database takes on disk. */
  readonly sizeBytes: number;
}
