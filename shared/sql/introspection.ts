import { isHidden, nameOf, ofUser, systemPrefix } from "./names.ts";
import { hideArgument, type Edit } from "./pragma-functions.ts";
import { isPunctuation, isWord, tokenize, type Token } from "./tokenize.ts";

/** Where a replica keeps the user's triggers: see `replication/parked-triggers.ts`. */
export const parkedTriggers = `${systemPrefix}triggers`;

const catalogs = ["sqlite_master", "sqlite_schema"];
const rowidNames = ["rowid", "_rowid_", "oid"];
const tableList = "pragma_table_list";

/** Does `token` name the schema table, under either of its names? */
export const namesCatalog = (token: Token): boolean => isNameLike(token) && catalogs.includes(lowerName(token));

/**
 * Rewrites a statement so that it finds in the schema what plain SQLite would show of the user's objects: the system's own
 * are left out, and the triggers that a replica has parked are put in. A common table expression takes the place of
 * `sqlite_master`, `sqlite_schema` and `pragma_table_list`, since it hides the table of its name in the whole statement
 * (https://sqlite.org/lang_with.html); a qualified name would pass it by, so `main.` is taken off.
 *
 * @param parked does this node keep the user's triggers parked?
 */
export function hideSystem(sql: string, tokens: readonly Token[], parked: boolean): string {
  if (isWord(tokens[0], "PRAGMA")) return hideInPragma(sql, tokens, parked);
  const names = new Set(tokens.filter(isNameLike).map(lowerName));
  const shadowed = [...catalogs, tableList].filter((name) => names.has(name));
  if (shadowed.length === 0)
    return edit(
      sql,
      tokens.flatMap((_, at) => hideArgument(tokens, at)),
    );
  const used = rowidNames.filter((name) => names.has(name));
  const expressions = shadowed.map((name) =>
    name === tableList ? `${name} AS (${tablesQuery})` : `${name} AS (${schemaQuery(used, parked)})`,
  );
  const edits = tokens.flatMap((token, at) => [
    ...hideArgument(tokens, at),
    ...(isNameLike(token) && shadowed.includes(lowerName(token)) ? requalify(tokens, at) : []),
  ]);
  return edit(sql, [declare(tokens, expressions.join(", ")), ...edits]);
}

const isNameLike = ({ kind }: Token): boolean => kind === "word" || kind === "quoted" || kind === "string";

const lowerName = (token: Token): string => nameOf(token).toLowerCase();

/**
 * The schema as every node shows it: triggers after everything else, each in the order in which they were made. A common
 * table expression has no rowid, so a statement that asks for one gets a column of that name.
 */
function schemaQuery(rowids: readonly string[], parked: boolean): string {
  const stored =
    "SELECT type = 'trigger' AS part, rowid AS place, type, name, tbl_name, rootpage, sql FROM main.sqlite_master";
  const aside = parked ? ` UNION ALL SELECT 1, id, 'trigger', name, tbl_name, 0, sql FROM main.${parkedTriggers}` : "";
  const numbers = rowids.map((name) => `, row_number() OVER (ORDER BY part, place) AS ${name}`).join("");
  return `SELECT type, name, tbl_name, rootpage, sql${numbers} FROM (${stored}${aside}) WHERE ${ofUser("name")} AND ${ofUser("tbl_name")} ORDER BY part, place`;
}

const tablesQuery = `SELECT * FROM main.${tableList} WHERE ${ofUser("name")}`;

/** `PRAGMA table_list` becomes the query that it stands for; the system's tables are unknown to the other pragmas. */
function hideInPragma(sql: string, tokens: readonly Token[], parked: boolean): string {
  const words = tokens.slice(1).filter((token) => !isPunctuation(token, "."));
  const name = words.at(-1);
  if (name && lowerName(name) === "table_list" && words.length < 3) {
    const query = `SELECT * FROM ${tableList}`;
    return hideSystem(query, tokenize(query), parked);
  }
  return edit(
    sql,
    tokens
      .filter((token) => isNameLike(token) && isHidden(nameOf(token)))
      .map(({ start, end }) => ({ start, end, text: "''" })),
  );
}

/** Makes the name at `at` mean the common table expression, or the pragma's own table where it is called with an argument. */
function requalify(tokens: readonly Token[], at: number): Edit[] {
  const token = tokens[at] as Token;
  const schema = isPunctuation(tokens[at - 1], ".") ? tokens[at - 2] : undefined;
  const called = isPunctuation(tokens[at + 1], "(") && lowerName(token) === tableList;
  const closing = called && isPunctuation(tokens[at + 2], ")") ? tokens[at + 2] : undefined;
  if (called && !closing) return schema ? [] : [{ start: token.start, end: token.start, text: "main." }];
  return [
    ...(schema && lowerName(schema) === "main" ? [{ start: schema.start, end: token.start, text: "" }] : []),
    ...(closing ? [{ start: token.end, end: closing.end, text: "" }] : []),
  ];
}

/** Puts common table expressions before those of the statement, behind EXPLAIN and behind the AS of CREATE TABLE. */
function declare(tokens: readonly Token[], expressions: string): Edit {
  let at = 0;
  if (isWord(tokens[at], "EXPLAIN")) at += isWord(tokens[1], "QUERY") ? 3 : 1;
  if (isWord(tokens[at], "CREATE")) at = tokens.findIndex((token) => isWord(token, "AS")) + 1;
  const own = isWord(tokens[at], "WITH");
  if (own) at += isWord(tokens[at + 1], "RECURSIVE") ? 2 : 1;
  const start = tokens[at]?.start ?? 0;
  return { start, end: start, text: own ? `${expressions}, ` : `WITH ${expressions} ` };
}

function edit(sql: string, edits: readonly Edit[]): string {
  let text = "";
  let from = 0;
  for (const { start, end, text: by } of edits.toSorted((one, other) => one.start - other.start)) {
    text += sql.slice(from, start) + by;
    from = end;
  }
  return text + sql.slice(from);
}
