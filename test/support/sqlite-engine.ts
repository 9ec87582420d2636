import { DatabaseSync, type SQLInputValue } from "node:sqlite";

import { parametersOf } from "../../shared/sql/statement.ts";
import { SqlError, type Bindable, type Cell, type ResultSet, type SqlEngine } from "../../shared/sql/engine.ts";

/** What SQLite takes in a Durable Object (workerd, `src/workerd/util/sqlite.c++`). */
const durableObjectLimits = {
  sqlLength: 100_000,
  column: 100,
  exprDepth: 100,
  compoundSelect: 5,
  vdbeOp: 25_000,
  functionArg: 127,
  likePatternLength: 50,
  variableNumber: 100,
  triggerDepth: 10,
};

/**
 * `node:sqlite` with the manners and bounds of a Durable Object's `SqlStorage`: numbers bind as REAL, integers come back as
 * numbers.
 */
export class SqliteEngine implements SqlEngine {
  readonly database = new DatabaseSync(":memory:", { enableForeignKeyConstraints: true, limits: durableObjectLimits });
  /** Sees each statement before it runs: what it throws is trouble of the storage. */
  beforeRun: (sql: string) => void = () => undefined;
  /** The same for the end of a transaction. */
  beforeCommit: () => void = () => undefined;
  #depth = 0;

  get sizeBytes(): number {
    const [pages, size] = ["page_count", "page_size"].map((pragma) =>
      Number(this.run(`PRAGMA ${pragma}`).rows[0]?.[0]),
    );
    return (pages ?? 0) * (size ?? 0);
  }

  run(sql: string, ...parameters: Bindable[]): ResultSet {
    this.beforeRun(sql);
    if (sql.includes("?") && wanted(sql) !== parameters.length)
      throw new SqlError("Wrong number of parameter bindings for SQL query.");
    try {
      const statement = this.database.prepare(numbered(sql));
      statement.setReadBigInts(true);
      statement.setReturnArrays(true);
      const rows: unknown = statement.all(...parameters.map(asInput));
      const columns = statement.columns().map(({ name }) => name);
      return { columns, rows: (rows as SqlRow[]).map((row) => row.map(asCell)), rowsRead: 0, rowsWritten: 0 };
    } catch (error) {
      throw new SqlError(String(error instanceof Error ? error.message : error));
    }
  }

  /** A Durable Object has a transaction open around every turn, so that even the outermost one here is a savepoint. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return this.#savepoint(work);
    this.database.exec("BEGIN");
    try {
      return this.#savepoint(work);
    } finally {
      this.database.exec("COMMIT");
    }
  }

  #savepoint<T>(work: () => T): T {
    const name = `t${this.#depth}`;
    this.database.exec(`SAVEPOINT ${name}`);
    this.#depth += 1;
    try {
      const result = work();
      this.beforeCommit();
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

/** How many parameters a statement takes: `node:sqlite` would bind NULL for what is missing. */
const wanted = (sql: string): number => Math.max(0, ...parametersOf(sql).map(({ index }) => index));

/** A Durable Object binds by position what stands under a name, `node:sqlite` by name only: so names become numbers. */
function numbered(sql: string): string {
  if (!/[:@$]\w/.test(sql)) return sql;
  return parametersOf(sql).reduceRight(
    (text, { index, start, end }) => `${text.slice(0, start)}?${index}${text.slice(end)}`,
    sql,
  );
}

type SqlRow = (null | bigint | number | string | Uint8Array)[];

/** What a Durable Object cannot bind as a number becomes NULL. */
function asInput(value: Bindable): SQLInputValue {
  if (typeof value === "number" && !Number.isFinite(value)) return null;
  return value instanceof ArrayBuffer ? new Uint8Array(value) : value;
}

function asCell(value: SqlRow[number]): Cell {
  if (typeof value === "bigint") return Number(value);
  return value instanceof Uint8Array ? value.slice().buffer : value;
}
