import { limits } from "../kernel/limits.ts";
import { hideSystem, namesCatalog } from "./introspection.ts";
import { isReserved, nameOf } from "./names.ts";
import { objectNames } from "./object-names.ts";
import { pragmaFunctionRefusal } from "./pragma-functions.ts";
import { virtualTableRefusal } from "./search-table.ts";
import { isPunctuation, isWord, tokenize, type Token } from "./tokenize.ts";

/**
 * What a statement may do, as far as its text tells: `reads` has a reading first keyword (the engine has the last word,
 * see `kind.ts`), `writes` changes rows, `schema` changes the schema.
 */
export type Verb = "reads" | "writes" | "schema";

/** A place in the text where a parameter stands. */
export interface Parameter {
  /** 1 for the first parameter, as SQLite numbers them. */
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

/** One SQL statement, read once. */
export interface Statement {
  /** Its text for the engine, with the system's own objects hidden: see `introspection.ts`. */
  readonly sql: string;
  readonly verb: Verb;
  /** The first keyword, in upper case. */
  readonly keyword: string;
  readonly parameters: readonly Parameter[];
  /** How many values must be bound: the highest parameter index. */
  readonly parameterCount: number;
  /** May it delete rows through a REPLACE conflict clause, which fires no delete trigger by default? */
  readonly replaces: boolean;
  /** May it have a RETURNING clause? */
  readonly returns: boolean;
}

/** Why a statement is not run at all. */
export interface Refusal {
  readonly refused: string;
}

const verbs: Readonly<Record<string, Verb>> = {
  SELECT: "reads", VALUES: "reads", WITH: "reads", EXPLAIN: "reads", PRAGMA: "reads",
  INSERT: "writes", REPLACE: "writes", UPDATE: "writes", DELETE: "writes",
  CREATE: "schema", ALTER: "schema", DROP: "schema", ANALYZE: "schema", REINDEX: "schema",
}; // prettier-ignore

const transactionWords = new Set(["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"]);

/** Pragmas that only read. The others set state that every later caller on the node would inherit. */
const readingPragmas = new Set([
  "table_list", "table_info", "table_xinfo", "index_list", "index_info", "index_xinfo",
  "foreign_key_list", "foreign_key_check", "foreign_keys", "quick_check", "page_size", "data_version",
]); // prettier-ignore

/**
 * Reads one statement.
 *
 * @param sql the text of one statement; a semicolon may end it.
 * @param parked does the node that runs it keep the user's triggers parked?
 * @returns what the text tells, or why it is refused: nothing has run then.
 */
export function parseStatement(sql: string, parked = false): Statement | Refusal {
  const tokens = tokenize(sql);
  while (isPunctuation(tokens.at(-1), ";")) tokens.pop();
  const first = tokens[0];
  if (!first) return { refused: "The text holds no statement." };
  const refused = refusal(sql, tokens);
  if (refused) return { refused };
  const keyword = first.text.toUpperCase();
  const text = hideSystem(sql.slice(0, tokens.at(-1)?.end), tokens, parked);
  const parameters = parametersOf(text);
  const parameterCount = parameters.reduce((most, { index }) => Math.max(most, index), 0);
  if (parameterCount > limits.parameters)
    return { refused: `A statement takes at most ${limits.parameters} parameters.` };
  return {
    sql: text,
    verb: verbs[keyword] ?? "writes",
    keyword,
    parameters,
    parameterCount,
    replaces: replacesRows(tokens),
    returns: tokens.some((token) => isWord(token, "RETURNING")),
  };
}

/** Is there a REPLACE conflict clause among `tokens`? The function of that name is followed by its arguments. */
export const replacesRows = (tokens: readonly Token[]): boolean =>
  tokens.some((token, at) => isWord(token, "REPLACE") && !isPunctuation(tokens[at + 1], "("));

/** Does the first keyword of `sql` promise a read? A guess for a client that has not asked the engine yet. */
export function looksLikeRead(sql: string): boolean {
  const word = /^(?:\s|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/)*([A-Za-z]+)/.exec(sql)?.[1];
  return verbs[word?.toUpperCase() ?? ""] === "reads";
}

function refusal(sql: string, tokens: readonly Token[]): string | undefined {
  if (sql.includes("\0")) return "The text holds a NUL character, at which SQLite would stop reading.";
  const keyword = tokens[0]?.text.toUpperCase() ?? "";
  if (transactionWords.has(keyword)) return `${keyword} cannot be sent as SQL. Use batch(), which is one transaction.`;
  if (keyword === "ATTACH" || keyword === "DETACH" || keyword === "VACUUM") return `${keyword} does not exist here.`;
  if (!(keyword in verbs)) return `${tokens[0]?.text} does not begin a statement that can be run here.`;
  if (keyword === "PRAGMA") return pragmaRefusal(tokens);
  if (isTrigger(tokens) ? triggerEnd(tokens) < tokens.length : tokens.some((token) => isPunctuation(token, ";")))
    return "The text holds several statements. Send one at a time, or use batch().";
  if (tokens.some((token, at) => isWord(token, "ROLLBACK") && rollsBack(tokens, at)))
    return "A ROLLBACK conflict clause would undo other people's writes on the node. Use ABORT.";
  if (isTrigger(tokens) && ignoresAfter(tokens))
    return "RAISE(IGNORE) in an AFTER trigger keeps other triggers from seeing the change, the system's among them. Use a BEFORE trigger.";
  if (tokens.some((token, at) => isWord(token, "DEFERRED") && isWord(tokens[at - 1], "INITIALLY")))
    return "A deferred constraint fails at commit, which would undo other people's writes on the node. Leave out INITIALLY DEFERRED.";
  const virtual = isWord(tokens[1], "VIRTUAL") ? virtualTableRefusal(tokens) : undefined;
  if (virtual !== undefined) return virtual;
  if (keyword === "CREATE" && (isWord(tokens[1], "TEMP") || isWord(tokens[1], "TEMPORARY")))
    return "Temporary tables, views and triggers do not exist here.";
  const isStored = keyword === "CREATE" && tokens.slice(0, 5).some(storesQuery);
  const names = objectNames(tokens);
  if (isStored && names.some(namesCatalog))
    return "A view or trigger over the schema table would show the system's own objects. Query it directly.";
  const pragmas = pragmaFunctionRefusal(tokens, names, isStored);
  if (pragmas !== undefined) return pragmas;
  const reserved = names.find((token) => isReserved(nameOf(token)));
  return reserved && `The name ${nameOf(reserved)} is kept for the system.`;
}

const storesQuery = (token: Token): boolean => isWord(token, "VIEW") || isWord(token, "TRIGGER");

function pragmaRefusal(tokens: readonly Token[]): string | undefined {
  const schema = isPunctuation(tokens[2], ".") ? 2 : 0;
  const name = tokens[1 + schema];
  const pragma = name ? nameOf(name).toLowerCase() : "";
  const argument = tokens.slice(2 + schema);
  const sets = isPunctuation(argument[0], "=") || (pragma === "foreign_keys" && argument.length > 0);
  if (readingPragmas.has(pragma) && !sets && !argument.some((token) => isPunctuation(token, ";"))) return undefined;
  return `PRAGMA ${pragma} is refused: it sets state that every later caller would inherit, or is not known here.`;
}

/** ROLLBACK as a conflict resolution: `OR ROLLBACK`, `ON CONFLICT ROLLBACK`, `RAISE(ROLLBACK, ...)`. */
function rollsBack(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1];
  if (isWord(before, "OR") || isWord(before, "CONFLICT")) return true;
  return isPunctuation(before, "(") && isWord(tokens[at - 2], "RAISE");
}

/** `RAISE(IGNORE)` in an AFTER trigger: its time stands before the event, which no name can look like without quotes. */
function ignoresAfter(tokens: readonly Token[]): boolean {
  const event = tokens.findIndex((token) => ["INSERT", "UPDATE", "DELETE"].some((word) => isWord(token, word)));
  const ignores = (token: Token, at: number) =>
    isWord(token, "IGNORE") && isPunctuation(tokens[at - 1], "(") && isWord(tokens[at - 2], "RAISE");
  return isWord(tokens[event - 1], "AFTER") && tokens.some(ignores);
}

/** CREATE TRIGGER, maybe with TEMP between. A table may be called trigger, so the word alone says nothing. */
function isTrigger(tokens: readonly Token[]): boolean {
  const temporary = isWord(tokens[1], "TEMP") || isWord(tokens[1], "TEMPORARY");
  return isWord(tokens[0], "CREATE") && isWord(tokens[temporary ? 2 : 1], "TRIGGER");
}

/** The number of tokens up to and with the END of a trigger's body: an END right after a semicolon, as sqlite3_complete() has it. */
function triggerEnd(tokens: readonly Token[]): number {
  const end = tokens.findIndex((token, at) => isWord(token, "END") && isPunctuation(tokens[at - 1], ";"));
  return end < 0 ? tokens.length : end + 1;
}

/**
 * Cuts a text of several statements at its semicolons, those inside a trigger's body left alone.
 *
 * @returns the text of each statement, empty ones left out.
 */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let rest = tokenize(sql);
  while (rest.length > 0) {
    const from = isTrigger(rest) ? triggerEnd(rest) : 0;
    const semicolon = rest.findIndex((token, at) => at >= from && isPunctuation(token, ";"));
    const length = semicolon < 0 ? rest.length : semicolon;
    const [first, last] = [rest[0], rest[length - 1]];
    if (first && last) statements.push(sql.slice(first.start, last.end));
    rest = rest.slice(length + 1);
  }
  return statements;
}

/** Numbers the parameters as SQLite does (https://sqlite.org/lang_expr.html#varparam): `?` is one more than the highest so far. */
export function parametersOf(sql: string): Parameter[] {
  const named = new Map<string, number>();
  let highest = 0;
  return tokenize(sql)
    .filter(({ kind }) => kind === "parameter")
    .map(({ text, start, end }) => {
      const explicit = text.startsWith("?") ? Number(text.slice(1)) || highest + 1 : undefined;
      const index = explicit ?? named.get(text) ?? highest + 1;
      if (explicit === undefined) named.set(text, index);
      highest = Math.max(highest, index);
      return { index, start, end };
    });
}
