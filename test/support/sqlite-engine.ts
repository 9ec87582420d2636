import { DatabaseSync, type SQLInputValue } from "node:sqlite";

import { SqlError, type Bindable, type Cell, type ResultSet, type SqlEngine } from "../../shared/sql/engine.ts";

/** `node:sqlite` with the manners of a Durable Object's `SqlStorage`: numbers bind as REAL, integers come back as numbers. */
export class SqliteEngine implements SqlEngine {
  readonly database = new DatabaseSync(":memory:", { enableForeignKeyConstraints: true });
  #depth = 0;

  get sizeBytes(): number {
    const [pages, size] = ["page_count", "page_size"].map((pragma) => Number(this.run(`PRAGMA ${pragma}`).rows[0]?.[0]));
    return (pages ?? 0) * (size ?? 0);
  }

  run(sql: string, ...parameters: Bindable[]): ResultSet {
    try {
      const statement = this.database.prepare(sql);
      statement.setReadBigInts(true);
      statement.setReturnArrays(true);
      const rows: unknown = statement.all(...parameters.map(asInput));
      const columns = statement.columns().map(({ name }) => name);
      return { columns, rows: (rows as SqlRow[]).map((row) => row.map(asCell)), rowsRead: 0, rowsWritten: 0 };
    } catch (error) {
      throw new SqlError(String(error instanceof Error ? error.message : error));
    }
  }

  transaction<T>(work: () => T): T {
    const name = `t${this.#depth}`;
    this.database.exec(`SAVEPOINT ${name}`);
    this.#depth += 1;
    try {
      const result = work();
      this.database.exec(`RELEASE ${name}`);
      return result;
    } catch (error) {
      this.database.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }
}

type SqlRow = (null | bigint | number | string | Uint8Array)[];

const asInput = (value: Bindable): SQLInputValue => (value instanceof ArrayBuffer ? new Uint8Array(value) : value);

function asCell(value: SqlRow[number]): Cell {
  if (typeof value === "bigint") return Number(value);
  return value instanceof Uint8Array ? value.slice().buffer : value;
}
