import { nameOf, quoteName } from "./names.ts";
import type { SearchTable } from "./search-table.ts";
import { closing, splitAt, textOf } from "./token-list.ts";
import { isPunctuation, isWord, type Token } from "./tokenize.ts";

/** A statement that writes to a full-text table, in the parts of which it is made. */
export type SearchWrite =
  | {
      readonly type: "insert";
      readonly table: SearchTable;
      readonly or: string;
      readonly columns: readonly string[];
      readonly query: string;
    }
  | { readonly type: "delete"; readonly table: SearchTable; readonly rest: string }
  | {
      readonly type: "update";
      readonly table: SearchTable;
      readonly or: string;
      readonly columns: readonly string[];
      readonly values: readonly string[];
      readonly rest: string;
    };

/** Why such a statement cannot be replicated. */
export interface SearchRefusal {
  readonly refused: string;
}

const refuse = (refused: string): SearchRefusal => ({ refused });

/** Names of the rowid of a full-text table. */
export const isRowid = (column: string): boolean => ["rowid", "_rowid_", "oid"].includes(column.toLowerCase());

/** Is the insert a command to the full-text table itself, such as 'rebuild' (https://sqlite.org/fts5.html, section 6)? */
export const isCommand = ({ name }: SearchTable, columns: readonly string[]): boolean =>
  columns.some((column) => column.toLowerCase() === name.toLowerCase());

/** Commands that change the index. Every other one changes how the table works, in memory as well, where nothing undoes it. */
const indexCommands = new Set(["delete", "delete-all", "rebuild", "optimize", "merge", "flush", "integrity-check"]);

/** Does the command of this name change the index alone? */
export const isIndexCommand = (command: unknown): boolean =>
  typeof command === "string" && indexCommands.has(command.toLowerCase());

/**
 * Reads a statement that writes.
 *
 * @returns `undefined` where it does not write to one of `tables` itself.
 */
export function readSearchWrite(
  sql: string,
  tokens: readonly Token[],
  tables: readonly SearchTable[],
): SearchWrite | SearchRefusal | undefined {
  const at = targetOf(tokens);
  const target = tokens[at];
  const table = target && tables.find(({ name }) => name.toLowerCase() === nameOf(target).toLowerCase());
  if (!table) return undefined;
  if (isWord(tokens[0], "WITH"))
    return refuse(`Put WITH into the query: INSERT INTO ${table.name} ... WITH ... SELECT.`);
  if (tokens.some((token) => isWord(token, "RETURNING")))
    return refuse("RETURNING is not available for an FTS5 table.");
  const or = isWord(tokens[0], "REPLACE") ? "OR REPLACE" : isWord(tokens[1], "OR") ? `OR ${tokens[2]?.text}` : "";
  if (isWord(tokens[0], "DELETE")) return { type: "delete", table, rest: textOf(sql, tokens, at + 1) };
  return isWord(tokens[0], "UPDATE")
    ? readUpdate(sql, tokens, at + 1, table, or)
    : readInsert(sql, tokens, at + 1, table, or);
}

/** Where the name of the table stands that is written to; -1 where none is. */
function targetOf(tokens: readonly Token[]): number {
  const word = tokens.findIndex(
    (token, at) =>
      isWord(token, "INTO") ||
      (isWord(token, "UPDATE") && !isWord(tokens[at - 1], "DO")) ||
      (isWord(token, "FROM") && isWord(tokens[at - 1], "DELETE")),
  );
  if (word < 0) return -1;
  const name = word + (isWord(tokens[word + 1], "OR") ? 3 : 1);
  return isPunctuation(tokens[name + 1], ".") ? name + 2 : name;
}

function readInsert(
  sql: string,
  tokens: readonly Token[],
  from: number,
  table: SearchTable,
  or: string,
): SearchWrite | SearchRefusal {
  const listed = isPunctuation(tokens[from], "(");
  const close = listed ? closing(tokens, from) : from - 1;
  const columns = listed
    ? tokens
        .slice(from + 1, close)
        .filter((token) => !isPunctuation(token, ","))
        .map(nameOf)
    : table.columns;
  const first = tokens[close + 1];
  if (!["VALUES", "SELECT", "WITH"].some((word) => isWord(first, word)))
    return refuse(`After INSERT INTO ${table.name} comes a list of columns, then VALUES or a SELECT.`);
  return { type: "insert", table, or, columns, query: textOf(sql, tokens, close + 1) };
}

function readUpdate(
  sql: string,
  tokens: readonly Token[],
  from: number,
  table: SearchTable,
  or: string,
): SearchWrite | SearchRefusal {
  const end = topLevel(tokens, from, ["WHERE", "FROM"]);
  if (!isWord(tokens[from], "SET") || isWord(tokens[end], "FROM"))
    return refuse(`An UPDATE of ${table.name} has the form UPDATE ... SET column = value, ... WHERE ...`);
  const assignments = splitAt(tokens.slice(from + 1, end), ",");
  if (assignments.some(([, equals]) => !isPunctuation(equals, "=")))
    return refuse(`An UPDATE of ${table.name} sets one column at a time: column = value, ...`);
  return {
    type: "update", table, or,
    columns: assignments.map(([column]) => (column ? nameOf(column) : "")),
    values: assignments.map((assignment) => textOf(sql, assignment, 2)),
    rest: textOf(sql, tokens, end),
  }; // prettier-ignore
}

/** The first of `words` outside of parentheses from `from` on, or the end. */
function topLevel(tokens: readonly Token[], from: number, words: readonly string[]): number {
  for (let at = from; at < tokens.length; at += 1) {
    if (isPunctuation(tokens[at], "(")) at = closing(tokens, at);
    else if (words.some((word) => isWord(tokens[at], word))) return at;
  }
  return tokens.length;
}

/** A query of `query`'s rows whose columns are called c0, c1, ... @param width how many columns it has. */
export function withNames(query: string, width: number): string {
  const names = Array.from({ length: width }, (_, at) => `NULL AS c${at}`).join(", ");
  return `SELECT ${names} WHERE 0 UNION ALL SELECT * FROM (${query})`;
}

/** The rowids, and the values that `update` sets, of the rows that the statement reaches. */
export const reached = (write: Extract<SearchWrite, { type: "delete" | "update" }>): string =>
  `SELECT ${["rowid", ...(write.type === "update" ? write.values.map((value) => `(${value})`) : [])].join(", ")} FROM ${quoteName(write.table.name)} ${write.rest}`;
