import { applyStatement } from "../binlog/apply.ts";
import type { Change, StatementChange } from "../binlog/record.ts";
import { SqlError, type SqlEngine } from "../sql/engine.ts";
import { quoteName, quoteText } from "../sql/names.ts";
import { readSearchTables } from "../sql/search-table.ts";
import { readSearchWrite } from "../sql/search-write.ts";
import { tokenize } from "../sql/tokenize.ts";

/*
 * What a snapshot does with the full-text tables of FTS5. One that holds its own rows is copied like any table. One that
 * indexes what stands elsewhere holds nothing that could be read back: it is built anew once its content is right.
 */

/**
 * Runs a logged statement on rows that are partly younger than it. A row that it makes may be there already; what is
 * logged behind it makes the row what it became. An index over content that stands elsewhere is left alone until
 * `rebuildSearch`: FTS5 would take a word out that is not in it.
 */
export function applyEarlyStatement(engine: SqlEngine, change: StatementChange): void {
  const write = readSearchWrite(change.sql, tokenize(change.sql), readSearchTables(engine));
  if (!write || "refused" in write || !write.table.ownsContent) return;
  applyStatement(engine, {
    ...change,
    sql: change.sql.replace(/^(INSERT|UPDATE)(\s+OR\s+\w+)?\s+/i, "$1 OR REPLACE "),
  });
}

/** Builds the indexes anew whose content stands elsewhere. One whose content cannot be read stays empty; see `checkContents`. */
export function rebuildSearch(engine: SqlEngine): void {
  for (const { name, ownsContent } of readSearchTables(engine)) {
    if (ownsContent) continue;
    try {
      engine.run(`INSERT INTO ${quoteName(name)} (${quoteName(name)}) VALUES ('rebuild')`);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
    }
  }
}

/** The settings of all full-text tables, such as their rank function, as statements that make them. */
export const searchSettings = (engine: SqlEngine): Change[] =>
  readSearchTables(engine).flatMap(({ name }) => {
    const table = quoteName(name);
    const { rows } = engine.run(
      `SELECT k, typeof(v), CAST(v AS TEXT) FROM ${quoteName(`${name}_config`)} WHERE k <> ${quoteText("version")}`,
    );
    return rows.map(([key, type, value]): Change => {
      const setting = type === "integer" ? BigInt(String(value)) : String(value);
      return {
        type: "statement",
        sql: `INSERT INTO ${table} (${table}, rank) VALUES (?1, ?2)`,
        values: [String(key), setting],
      };
    });
  });
