import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { isWord, tokenize } from "../../../shared/sql/tokenize.ts";

const texts = (sql: string) => tokenize(sql).map(({ text }) => text);
const kinds = (sql: string) => tokenize(sql).map(({ kind }) => kind);

describe("a token is what SQLite takes for one", () => {
  test.each([
    ["string", "'a''b; -- no comment'"],
    ["quoted", '"a""b"'],
    ["quoted", "`a``b`"],
    ["quoted", "[a'b]"],
    ["blob", "x'00ff'"],
    ["parameter", "?"],
    ["parameter", "?12"],
    ["parameter", ":name"],
    ["parameter", "@name"],
    ["parameter", "$name::space(a'b)"],
    ["parameter", ":name(')"],
    ["number", "12"],
    ["number", "1_000.5e-10"],
    ["number", ".5"],
    ["number", "0xFF"],
    ["word", "select_1$"],
    ["word", "naïve"],
    ["punctuation", ";"],
  ])("%s: %s", (kind, text) => {
    expect(tokenize(` ${text} `)).toEqual([{ kind, text, start: 1, end: 1 + text.length }]);
  });

  test("what is not closed reaches to the end", () => {
    expect([kinds("'a"), kinds('"a'), kinds("[a"), kinds("/* a")]).toEqual([["string"], ["quoted"], ["quoted"], []]);
  });
});

describe("blanks and comments are passed over", () => {
  test.each([" ", "\t\r\n\f", " \v", " \ufeff", "-- ' \n", "/* ' */", "/*/ still in it */", "/***/"])("%j", (blank) => {
    expect(texts(`a${blank}b`)).toEqual(["a", "b"]);
  });

  test("a comment ends with the text", () => {
    expect(texts("a -- b")).toEqual(["a"]);
    expect(texts("a /* b")).toEqual(["a"]);
  });

  test("a vertical tab on its own is none: SQLite takes it for a token that it does not know", () => {
    expect(kinds("a\vb")).toEqual(["word", "punctuation", "word"]);
  });
});

test("keywords are told without regard to case, and a quoted one is none", () => {
  const [plain, quoted] = tokenize(`RollBack "ROLLBACK"`);
  expect([isWord(plain, "ROLLBACK"), isWord(quoted, "ROLLBACK"), isWord(undefined, "ROLLBACK")]).toEqual([
    true,
    false,
    false,
  ]);
});

test("any text is cut into tokens in order, with nothing but blanks and comments between them", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary", maxLength: 3 }),
    fc.constantFrom(..."'\"`[]():;?@$#-/*\n \v\t\ufeff.eExX0_a"),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const sql = pieces.join("");
      let end = 0;
      for (const token of tokenize(sql)) {
        expect(token.text).toBe(sql.slice(token.start, token.end));
        expect(token.end).toBeGreaterThan(token.start);
        expect(tokenize(sql.slice(end, token.start))).toEqual([]);
        end = token.end;
      }
      expect(tokenize(sql.slice(end))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

describe("SQLite reads the tokens as we do", () => {
  const database = new DatabaseSync(":memory:");
  database.exec(`CREATE TABLE t ("a""b", [/*], \`--\`, "c;d", rowid_$)`);
  /** Punctuation stays together, since SQLite takes several characters of it for one operator. */
  const respaced = (text: string) => (/^[+*%|<>=.,-]$/.test(text) ? text : ` ${text} `);
  const program = (sql: string) => JSON.stringify(database.prepare(`EXPLAIN ${sql}`).all());

  const operand = fc.constantFrom(
    `"a""b"`, "[/*]", "`--`", `"c;d"`, "t.rowid_$", "'it''s'", "'--'", "'/*'", "x'00'", "X'ff'", "1", "1.5e3", ".5", "1.", "0x1F", "1_0",
    "?", "?3", ":a", "@a", "$a", ":a(')", "@a(--)", "$a::b(/*)", ":::a", "NULL", "rowid",
  ); // prettier-ignore
  const operator = fc.constantFrom("+", "*", "%", "||", "->>", "<=", "<>", "AND", "OR", "IS", ",");
  const blank = fc.constantFrom(
    " ",
    "\t",
    "\n",
    " \v",
    "\f\v",
    " \ufeff",
    "/**/",
    "/* ' */",
    "/*/ */",
    "--'\n",
    "-- /*\n",
    ' -- "\n ',
  );

  test("a text and its tokens set apart by single spaces compile to the same program", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(operand, operator), { minLength: 1, maxLength: 8 }),
        fc.infiniteStream(blank),
        (parts, blanks) => {
          const tokens = ["SELECT", ...parts.flat(), "1", "FROM", "t"];
          const sql = tokens.map((token) => token + String(blanks.next().value)).join("");
          expect(texts(sql).join("")).toBe(tokens.join(""));
          expect(
            program(
              texts(sql)
                .map((text) => respaced(text))
                .join(""),
            ),
          ).toBe(program(sql));
        },
      ),
      { numRuns: 300 },
    );
  });
});
