import { isPragmaArgument } from "./pragma-functions.ts";
import { isPunctuation, isWord, type Token } from "./tokenize.ts";

/** What the name of a table, an index, a view or a trigger stands right after. */
const beforeName = [
  "FROM", "JOIN", "INTO", "UPDATE", "TABLE", "INDEX", "VIEW", "TRIGGER", "EXISTS", "ON", "REFERENCES", "TO", "REINDEX",
  "ANALYZE", "ABORT", "FAIL", "IGNORE", "REPLACE",
] as const; // prettier-ignore

/** What ends the list of tables that FROM begins. */
const afterTables = [
  "SELECT", "WHERE", "SET", "VALUES", "GROUP", "HAVING", "ORDER", "LIMIT", "WINDOW", "RETURNING", "UNION", "EXCEPT", "INTERSECT",
] as const; // prettier-ignore

/**
 * The tokens that may name an object of the schema. Words and quoted words always may; SQLite also takes a string where
 * the grammar wants a name (https://sqlite.org/lang_keywords.html), while elsewhere it is data and may say anything.
 */
export function objectNames(tokens: readonly Token[]): Token[] {
  const outer: boolean[] = [];
  let inTables = false;
  return tokens.filter((token, at) => {
    const before = tokens[at - 1];
    const wanted = inTables && (isWord(before, "FROM") || isPunctuation(before, ",") || isPunctuation(before, "("));
    if (isPunctuation(token, "(")) {
      outer.push(inTables);
      inTables = inTables && (wanted || isWord(before, "JOIN"));
    } else if (isPunctuation(token, ")")) inTables = outer.pop() ?? false;
    else if (isWord(token, "FROM")) inTables = !isWord(before, "DISTINCT");
    else if (afterTables.some((word) => isWord(token, word))) inTables = false;
    if (token.kind === "word" || token.kind === "quoted") return !isPragmaArgument(tokens, at);
    return token.kind === "string" && !isPragmaArgument(tokens, at) && (wanted || isNamed(tokens, at));
  });
}

function isNamed(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1];
  if (isPunctuation(before, ".") || isPunctuation(tokens[at + 1], ".")) return true;
  if (isWord(before, "FROM") && isWord(tokens[at - 2], "DISTINCT")) return false;
  return beforeName.some((word) => isWord(before, word));
}
