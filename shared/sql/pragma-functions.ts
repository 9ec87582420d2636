import { isHidden, nameOf, ofUser } from "./names.ts";
import { isPunctuation, isWord, type Token } from "./tokenize.ts";

/** A piece of a statement's text to be replaced by another. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Pragmas that tell of one table or index, as table-valued functions (https://sqlite.org/pragma.html#pragfunc): their first argument names it. */
const aboutOne = ["table_info", "table_xinfo", "index_list", "index_info", "index_xinfo", "foreign_key_list"];

/** The column of the wrapping query below. Users cannot have one of this name in the way: it is kept for the system. */
const asked = "_trefoil_asked";

/** Is the token the first of the first argument of a table-valued pragma function, such as `pragma_table_info`? */
export function isPragmaArgument(tokens: readonly Token[], at: number): boolean {
  const called = tokens[at - 2];
  return isPunctuation(tokens[at - 1], "(") && called !== undefined && lowerName(called).startsWith("pragma_");
}

/**
 * What has a name of the system stand for no table as the argument of a pragma function: a string is looked at here. The value
 * of any other expression, such as a parameter, shows when the statement runs, so it goes through a query that lets it pass.
 */
export function hideArgument(tokens: readonly Token[], at: number): Edit[] {
  if (!isPragmaArgument(tokens, at)) return [];
  const [token, end] = [tokens[at], argumentEnd(tokens, at)];
  if (!token || !end) return [];
  if (isHidden(nameOf(token)) && end === token) return [{ start: token.start, end: token.end, text: "''" }];
  if (token.kind === "string" && end === token) return [];
  // To the list of tables NULL means all of them, the system's too.
  const isShown = `ifnull(${ofUser(asked)}, ${pragmaName(tokens[at - 2]) === "table_list" ? 0 : 1})`;
  const passes = `CASE WHEN ${isShown} THEN ${asked} ELSE '' END`;
  return [
    { start: token.start, end: token.start, text: `(SELECT ${passes} FROM (SELECT ` },
    { start: end.end, end: end.end, text: ` AS ${asked}))` },
  ];
}

/**
 * Why the pragma functions of a statement do not run; `undefined` if they do.
 *
 * @param names those of `tokens` that may name an object.
 * @param isStored does the statement make a view or a trigger?
 */
export function pragmaFunctionRefusal(
  tokens: readonly Token[],
  names: readonly Token[],
  isStored: boolean,
): string | undefined {
  const bare = tokens.find(
    (token, at) => aboutOne.includes(pragmaName(token)) && isBare(tokens, at) && names.includes(token),
  );
  if (bare) return `${nameOf(bare)} is called with the name of a table or index as its argument.`;
  if (isStored && tokens.some((token, at) => token.kind !== "string" && isPragmaArgument(tokens, at)))
    return "A view or trigger calls a pragma function with a string only, since what is stored cannot be kept from the system's own objects.";
  return undefined;
}

const lowerName = (token: Token): string => nameOf(token).toLowerCase();

/** The pragma whose function the token names; empty for none. */
const pragmaName = (token: Token | undefined): string => (token && /^pragma_(.*)/.exec(lowerName(token))?.[1]) ?? "";

/** Does the name at `at` stand for a table without arguments? Behind AS it is an alias, before a dot it qualifies a column. */
function isBare(tokens: readonly Token[], at: number): boolean {
  const next = tokens[at + 1];
  if (isPunctuation(next, ".") || isWord(tokens[at - 1], "AS")) return false;
  return !isPunctuation(next, "(") || isPunctuation(tokens[at + 2], ")");
}

/** The last token of the argument that begins at `at`; `undefined` for none. */
function argumentEnd(tokens: readonly Token[], at: number): Token | undefined {
  let depth = 0;
  for (let to = at; to < tokens.length; to += 1) {
    const token = tokens[to];
    if (depth === 0 && (isPunctuation(token, ",") || isPunctuation(token, ")")))
      return to > at ? tokens[to - 1] : undefined;
    if (isPunctuation(token, "(")) depth += 1;
    if (isPunctuation(token, ")")) depth -= 1;
  }
  return undefined;
}
