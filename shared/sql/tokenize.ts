/** A token of SQL text that carries meaning: blanks and comments are passed over. */
export interface Token {
  readonly kind: "word" | "quoted" | "string" | "blob" | "number" | "parameter" | "punctuation";
  /** The token as written, quotes and all. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

// SQLite's own token rules (https://sqlite.org/src/file/src/tokenize.c), in the order in which they are tried. They are
// kept to the letter: a token that SQLite sees elsewhere could hide a clause that is to be refused. So a vertical tab is
// blank after another blank only, a byte order mark is blank where a token would begin, and parentheses may belong to the
// name of a parameter.
const blank = String.raw`[ \t\n\f\r][ \t\n\v\f\r]*|\ufeff|--[^\n]*|/\*[^]*?(?:\*/|$)`;
const letter = String.raw`[A-Za-z0-9_$\u0080-\uffff]`;
const rules: readonly (readonly [Token["kind"], string])[] = [
  ["blob", String.raw`[xX]'[^']*'?`],
  ["string", String.raw`'(?:[^']|'')*'?`],
  ["quoted", String.raw`"(?:[^"]|"")*"?|` + "`(?:[^`]|``)*`?" + String.raw`|\[[^\]]*\]?`],
  ["parameter", String.raw`\?[0-9]*|[$@#:](?:::)*${letter}(?:${letter}|::)*(?:\([^) \t\n\v\f\r]*\))?`],
  ["number", String.raw`0[xX][0-9a-fA-F_]+|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?`],
  ["word", String.raw`[A-Za-z_\u0080-\uffff]${letter}*`],
  ["punctuation", String.raw`[^]`],
];
const pattern = new RegExp([`(?:${blank})`, ...rules.map(([, rule]) => `(${rule})`)].join("|"), "y");

/** Splits SQL text into tokens as SQLite does. Takes any text: what is not SQL comes out as punctuation. */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(sql); match !== null && match[0] !== ""; match = pattern.exec(sql)) {
    const rule = rules.findIndex((_, index) => match?.[index + 1] !== undefined);
    const kind = rules[rule]?.[0];
    if (kind) tokens.push({ kind, text: match[0], start: match.index, end: match.index + match[0].length });
  }
  return tokens;
}

/** Is `token` the keyword `word` (given in upper case)? Keywords are not case-sensitive. */
export const isWord = (token: Token | undefined, word: string): boolean =>
  token?.kind === "word" && token.text.toUpperCase() === word;

/** Is `token` the punctuation mark `mark`? */
export const isPunctuation = (token: Token | undefined, mark: string): boolean =>
  token?.kind === "punctuation" && token.text === mark;
