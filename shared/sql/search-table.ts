import { undo } from "../kernel/error.ts";
import { SqlError, type SqlEngine } from "./engine.ts";
import { isReserved, nameOf, quoteName, quoteText } from "./names.ts";
import { isPunctuation, isWord, tokenize, type Token } from "./tokenize.ts";

/** A full-text table of FTS5 (https://sqlite.org/fts5.html). */
export interface SearchTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** Does it keep the rows itself? An external content table indexes what stands elsewhere. */
  readonly ownsContent: boolean;
}

/** The full-text tables of the schema. */
export function readSearchTables(engine: SqlEngine): SearchTable[] {
  const { rows } = engine.run(
    "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND rootpage = 0 ORDER BY rowid",
  );
  return rows.flatMap(([name, sql]) => {
    const made = readVirtualTable(tokenize(String(sql)));
    if (made.module !== "fts5") return [];
    const columns = engine.run(
      `SELECT name FROM pragma_table_xinfo(${quoteText(String(name))}) WHERE hidden = 0 ORDER BY cid`,
    );
    const ownsContent = made.options.get("content") === undefined;
    return [{ name: String(name), columns: columns.rows.map(([column]) => String(column)), ownsContent }];
  });
}

/**
 * Has every full-text table that this transaction has made take part in its undoing. SQLite tells a virtual table of the
 * savepoints that are opened behind CREATE VIRTUAL TABLE, not of those that stand open by then (`sqlite3VtabCallCreate()`
 * in vtab.c, against `sqlite3VtabBegin()`). Undone without that, the words that it holds back outlive their table, and the
 * commit that writes them fails, which resets a Durable Object. So one is opened, and closed at once.
 */
export const joinSavepoints = (engine: SqlEngine): void => engine.transaction(() => undefined);

/**
 * Looks whether each of `tables` can read the rows that it indexes: one that could not would go on answering where it
 * stands, and come out empty on a replica that is filled anew.
 *
 * @throws {Undo} where the content of one, or a column of it, is not there.
 */
export function checkContents(engine: SqlEngine, tables: readonly SearchTable[]): void {
  for (const { name, ownsContent } of tables) {
    if (ownsContent) continue;
    try {
      engine.run(`SELECT rowid FROM ${quoteName(name)} LIMIT 1`);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      undo(
        "statement-refused",
        `FTS5 table ${name} indexes what would not be there (${error.message}). Drop it first, and make it again afterwards.`,
      );
    }
  }
}

/** What CREATE VIRTUAL TABLE makes: the module in lower case, and the module's options by name. */
function readVirtualTable(tokens: readonly Token[]): {
  readonly module: string;
  readonly options: ReadonlyMap<string, string>;
} {
  const using = tokens.findIndex((token) => isWord(token, "USING"));
  const module = tokens[using + 1];
  const options = new Map<string, string>();
  for (const [at, token] of tokens.entries()) {
    const value = tokens[at + 2];
    const begins = isPunctuation(tokens[at - 1], ",") || isPunctuation(tokens[at - 1], "(");
    if (begins && isPunctuation(tokens[at + 1], "=") && value) options.set(nameOf(token).toLowerCase(), nameOf(value));
  }
  return { module: module ? nameOf(module).toLowerCase() : "", options };
}

/** Why a virtual table cannot be made here; `undefined` for one that can. */
export function virtualTableRefusal(tokens: readonly Token[]): string | undefined {
  const { module, options } = readVirtualTable(tokens);
  if (module === "fts5vocab") return undefined;
  if (module !== "fts5") return `Virtual tables of module ${module} are not replicated.`;
  const content = options.get("content");
  if (content === "") return "A contentless FTS5 table cannot be copied to a replica, since it does not hold its rows.";
  return content !== undefined && isReserved(content) ? `The name ${content} is kept for the system.` : undefined;
}
