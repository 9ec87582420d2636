import { SqlError, type ResultSet, type SqlEngine } from "./engine.ts";
import type { Statement } from "./statement.ts";

/** What the engine will do with a statement. */
export type Kind = "read" | "write" | "schema";

/**
 * Asks the engine, before anything runs, whether `statement` writes. Its program opens a write transaction exactly when
 * the `Transaction` opcode has p2 != 0 (https://sqlite.org/opcode.html#Transaction); a reading first keyword is required
 * as well, because `CREATE TABLE IF NOT EXISTS` of a table that is there opens none.
 *
 * @throws {SqlError} when the engine cannot compile the statement.
 */
export function kindOf(engine: SqlEngine, statement: Statement): Kind {
  if (statement.verb === "schema") return "schema";
  if (statement.verb === "writes") return "write";
  if (statement.keyword === "EXPLAIN" || statement.keyword === "PRAGMA") return "read";
  const { columns, rows } = explain(engine, statement);
  const [opcode, p2] = [columns.indexOf("opcode"), columns.indexOf("p2")];
  return rows.some((row) => row[opcode] === "Transaction" && row[p2] !== 0) ? "write" : "read";
}

/** The program of `statement`. What SQLite says of a place in the text is counted from the statement's own beginning. */
function explain(engine: SqlEngine, { sql, parameterCount }: Statement): ResultSet {
  const prefix = "EXPLAIN ";
  try {
    return engine.run(prefix + sql, ...Array<null>(parameterCount).fill(null));
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw new SqlError(error.message.replace(/(?<=at offset )\d+/, (offset) => String(Number(offset) - prefix.length)));
  }
}
