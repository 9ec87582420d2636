import { failure, type Failure } from "../kernel/error.ts";
import { limits } from "../kernel/limits.ts";
import { LruMap } from "../kernel/lru.ts";
import { SqlError, type SqlEngine } from "./engine.ts";
import { kindOf, type Kind } from "./kind.ts";
import { parseStatement, type Statement } from "./statement.ts";

/** A statement that may run, with what the engine will do with it. */
export interface Analysed {
  readonly ok: true;
  readonly statement: Statement;
  readonly kind: Kind;
}

/** Analyses statements and remembers the answers: whether a text writes does not depend on the schema that it meets. */
export class StatementAnalyser {
  readonly #engine: SqlEngine;
  readonly #parked: boolean;
  readonly #known = new LruMap<string, Analysed>(limits.cachedStatements);

  /** @param parked does the node keep the user's triggers parked? */
  constructor(engine: SqlEngine, parked = false) {
    this.#engine = engine;
    this.#parked = parked;
  }

  /** What `sql` is and does, or why it is not run. Nothing is run here. */
  analyse(sql: string): Analysed | Failure {
    const known = this.#known.get(sql);
    if (known) return known;
    if (sql.length > limits.sqlBytes)
      return failure("statement-refused", `The statement is longer than ${limits.sqlBytes} bytes.`);
    const statement = parseStatement(sql, this.#parked);
    if ("refused" in statement) return failure("statement-refused", statement.refused);
    const analysed = this.#ask(statement);
    if (analysed.ok) this.#known.set(sql, analysed);
    return analysed;
  }

  #ask(statement: Statement): Analysed | Failure {
    try {
      return { ok: true, statement, kind: kindOf(this.#engine, statement) };
    } catch (error) {
      if (error instanceof SqlError) return failure("sql-error", error.message);
      throw error;
    }
  }
}
