import { isPunctuation, type Token } from "./tokenize.ts";

/** Where the parenthesis that opens at `open` is closed; the length of the list where it is not. */
export function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at += 1) {
    depth += Number(isPunctuation(tokens[at], "(")) - Number(isPunctuation(tokens[at], ")"));
    if (depth === 0) return at;
  }
  return tokens.length;
}

/** Cuts a list at each `mark` outside of parentheses. */
export function splitAt(tokens: readonly Token[], mark: "," | ";"): Token[][] {
  const items: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    depth += Number(isPunctuation(token, "(")) - Number(isPunctuation(token, ")"));
    if (depth === 0 && isPunctuation(token, mark)) items.push([]);
    else items.at(-1)?.push(token);
  }
  return items;
}

/** The text of `sql` from token number `from` of the list to its last one; empty where there is none. */
export function textOf(sql: string, tokens: readonly Token[], from = 0): string {
  const first = tokens[from];
  return first ? sql.slice(first.start, tokens.at(-1)?.end) : "";
}
