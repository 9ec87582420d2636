import { SqlError, type Bindable, type Cell, type ResultSet, type SqlEngine } from "../../shared/sql/engine.ts";

/** SQLite's own refusals end so, such as `UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT (extended: ...)`. Trouble of the disk is none. */
const refusal = /: SQLITE_(?!FULL|IOERR|CORRUPT|NOMEM|CANTOPEN)[A-Z]+|^Wrong number of parameter bindings/;

/** The SQLite database of a Durable Object as the pure code sees it. */
export class StorageEngine implements SqlEngine {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  get sizeBytes(): number {
    return this.#storage.sql.databaseSize;
  }

  run(sql: string, ...parameters: Bindable[]): ResultSet {
    try {
      const cursor = this.#storage.sql.exec(sql, ...parameters);
      const rows: Cell[][] = [...cursor.raw<Cell[]>()];
      return { columns: cursor.columnNames, rows, rowsRead: cursor.rowsRead, rowsWritten: cursor.rowsWritten };
    } catch (error) {
      if (error instanceof Error && refusal.test(error.message)) throw new SqlError(error.message);
      throw error;
    }
  }

  transaction<T>(work: () => T): T {
    return this.#storage.transactionSync(work);
  }
}
