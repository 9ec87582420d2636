import { present } from "../kernel/assert.ts";
import type { Table } from "./catalog.ts";
import type { SqlEngine } from "./engine.ts";
import { quoteName, quoteText } from "./names.ts";
import { closing, splitAt, textOf } from "./token-list.ts";
import { isPunctuation, isWord, tokenize, type Token } from "./tokenize.ts";

/** A part of a unique key: an SQL expression over the columns of its table, and the collation in which it is compared. */
export interface KeyPart {
  readonly expression: string;
  /** `null` where the expression itself says it. */
  readonly collation: string | null;
}

/** A unique key of a table beside the one that names its rows. */
export interface UniqueKey {
  readonly parts: readonly KeyPart[];
  /** The condition of a partial index: rows outside of it may be equal. */
  readonly where: string | null;
}

/** The unique keys of `table` but the one that names its rows: the rowid, or the primary key of a WITHOUT ROWID table. */
export function readUniqueKeys(engine: SqlEngine, { name, withoutRowid }: Table): UniqueKey[] {
  const { rows } = engine.run(
    `SELECT l.name, s.sql FROM pragma_index_list(${quoteText(name)}) AS l LEFT JOIN sqlite_master AS s ON s.name = l.name
     WHERE l."unique" AND NOT (${withoutRowid ? 1 : 0} AND l.origin = 'pk') ORDER BY l.seq`,
  );
  return rows.map(([index, sql]) => {
    const text = sql === null ? undefined : cutIndex(String(sql));
    const parts = readParts(engine, String(index));
    return {
      parts: parts.map(
        (part, at) => part ?? { expression: present(text?.parts[at], "the expression of an index"), collation: null },
      ),
      where: text?.where ?? null,
    };
  });
}

/** The columns of an index; `null` where an expression stands, which only the text of the index tells. */
function readParts(engine: SqlEngine, index: string): (KeyPart | null)[] {
  const { rows } = engine.run(
    `SELECT name, coll FROM pragma_index_xinfo(${quoteText(index)}) WHERE key ORDER BY seqno`,
  );
  return rows.map(([name, collation]) =>
    name === null ? null : { expression: quoteName(String(name)), collation: String(collation) },
  );
}

/** Cuts `CREATE UNIQUE INDEX i ON t (part, ...) WHERE ...` into its parts, ASC and DESC taken off, and its condition. */
function cutIndex(sql: string): { readonly parts: readonly string[]; readonly where: string | null } {
  const tokens = tokenize(sql);
  const open = tokens.findIndex((token) => isPunctuation(token, "("));
  const close = closing(tokens, open);
  const parts = splitAt(tokens.slice(open + 1, close), ",");
  const where = isWord(tokens[close + 1], "WHERE") ? textOf(sql, tokens, close + 2) : null;
  return { parts: parts.map((part) => textOf(sql, withoutOrder(part))), where };
}

const withoutOrder = (part: readonly Token[]): readonly Token[] =>
  isWord(part.at(-1), "ASC") || isWord(part.at(-1), "DESC") ? part.slice(0, -1) : part;
