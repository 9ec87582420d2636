import { undo } from "../kernel/error.ts";
import type { Bindable, Cell, ResultSet, SqlEngine } from "./engine.ts";
import type { Kind } from "./kind.ts";
import { quoteName } from "./names.ts";
import type { Statement } from "./statement.ts";
import { splitAt, textOf } from "./token-list.ts";
import { isWord, tokenize, type Token } from "./tokenize.ts";

/** How a client wants integers: as numbers, as D1 has them, or as bigints, which no REAL is. */
export type Integers = "number" | "bigint";

/** A value of a result as a client gets it. */
export type ResultCell = Cell | bigint;

/** What a statement gave, its integers as they were asked for. */
export type ExactResult = Omit<ResultSet, "rows"> & { readonly rows: readonly (readonly ResultCell[])[] };

/** A statement's text and parameters as they go to the engine. */
interface Bound {
  readonly sql: string;
  readonly binds: readonly Bindable[];
}

/**
 * Runs a statement and gives its result exactly. The engine hands out every number as a double, so a result with numbers
 * that may be rounded integers is asked for once more, in a form that survives. A write is undone before that.
 *
 * @throws {Undo} `integer-too-large` for an integer past 2^53 that is to be a number.
 */
export function runExactly(
  engine: SqlEngine,
  { statement, kind }: { readonly statement: Statement; readonly kind: Kind },
  { sql, binds }: Bound,
  integers: Integers,
): ExactResult {
  const run = (text: string): ResultSet => engine.run(text, ...binds);
  const plain = kind === "schema" || statement.keyword === "PRAGMA" || statement.keyword === "EXPLAIN";
  if (plain || (kind === "write" && !statement.returns)) return run(sql);
  const doubtful = ({ rows }: ResultSet) =>
    rows.some((row) => row.some(integers === "bigint" ? isNumber : mayBeRounded));
  const first = kind === "read" ? run(sql) : undone(engine, () => run(sql), doubtful);
  if (!doubtful(first)) return first;
  const { columns } = first;
  const second = run(kind === "read" ? exactQuery(sql, columns.length) : exactReturning(sql, columns));
  return { ...second, columns, rows: second.rows.map((row) => row.map((cell) => decoded(cell, integers))) };
}

const isNumber = (cell: Cell): boolean => typeof cell === "number";

const mayBeRounded = (cell: Cell): boolean =>
  typeof cell === "number" && Math.abs(cell) > Number.MAX_SAFE_INTEGER && Number.isFinite(cell);

/** The result of `run`, which is undone where `unless` says so. */
function undone(engine: SqlEngine, run: () => ResultSet, unless: (result: ResultSet) => boolean): ResultSet {
  let result: ResultSet | undefined;
  const changeBack = new Error("to be run again");
  try {
    return engine.transaction(() => {
      result = run();
      if (unless(result)) throw changeBack;
      return result;
    });
  } catch (error) {
    if (error !== changeBack || !result) throw error;
    return result;
  }
}

/** An expression that gives integers as text that begins with i, and text as text that begins with t. */
const encoded = (value: string): string =>
  `CASE typeof(${value}) WHEN 'integer' THEN 'i' || ${value} WHEN 'text' THEN 't' || ${value} ELSE ${value} END`;

function decoded(cell: Cell, integers: Integers): ResultCell {
  if (typeof cell !== "string") return cell;
  if (cell.startsWith("t")) return cell.slice(1);
  const integer = BigInt(cell.slice(1));
  if (integers === "bigint") return integer;
  const number = Number(integer);
  if (!Number.isSafeInteger(number))
    undo(
      "integer-too-large",
      `The result holds the integer ${integer}, which a number would round. Ask for bigints (openDatabase, option integers), or for CAST(... AS TEXT).`,
    );
  return number;
}

function exactQuery(sql: string, width: number): string {
  const names = Array.from({ length: width }, (_, at) => `c${at}`);
  return `WITH z(${names.join(", ")}) AS MATERIALIZED (${sql}) SELECT ${names.map(encoded).join(", ")} FROM z`;
}

/** `sql` with each expression of its RETURNING clause in the exact form. An asterisk stands for the columns of the table. */
function exactReturning(sql: string, columns: readonly string[]): string {
  const tokens = tokenize(sql);
  const at = tokens.findLastIndex((token) => isWord(token, "RETURNING"));
  const items = itemsAfter(sql, tokens.slice(at + 1));
  const stars = items.filter((item) => item === "*").length;
  const starred = stars === 0 ? 0 : (columns.length - items.length + stars) / stars;
  const values = items.flatMap((item, position) =>
    item === "*" ? columns.slice(position, position + starred).map(quoteName) : `(${item})`,
  );
  return `${sql.slice(0, tokens[at]?.end)} ${values.map(encoded).join(", ")}`;
}

/** The expressions of the list in a RETURNING clause, without the names that AS gives them. */
const itemsAfter = (sql: string, tokens: readonly Token[]): string[] =>
  splitAt(tokens, ",").map((item) => {
    const named = item.findLastIndex((token, at) => isWord(token, "AS") && at === item.length - 2);
    return textOf(sql, named < 0 ? item : item.slice(0, named));
  });
