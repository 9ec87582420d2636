import type { Dice } from "./dice.ts";
import type { FuzzStatement, PlainArgument } from "./history.ts";

/** A value within a statement: an expression, with what its `?` is bound to. */
export interface Operand {
  readonly sql: string;
  readonly values: readonly PlainArgument[];
}

/** Few values, so that keys meet. */
const small: readonly PlainArgument[] = [1, 2, 3, 4, 5, 6, "a", "A", "b", "b ", null];

/** Equal or nearly so in one column, different in another. */
const likeFive: readonly PlainArgument[] = [5, 5.5, "5", "05", "5.0", { blob: [53] }, { real: "-0" }, 0, { big: "5" }];

const extreme: readonly PlainArgument[] = [
  { big: "9223372036854775807" },
  { big: "-9223372036854775808" },
  { big: "9007199254740993" },
  5e-324,
  1.7976931348623157e308,
  0.1,
  "",
  "x\0y",
  "\ufeffbom",
  "\u{1f340}",
  { blob: [] },
  { blob: [0, 255, 0] },
];

/** What no parameter can carry, or what is another value each time. */
const expressions = [
  "CAST(x'ff00' AS TEXT)",
  "CAST(x'eda080' AS TEXT)",
  "9e999",
  "-9e999",
  "-0.0",
  "0.1 + 0.2",
  "zeroblob(3)",
  "random()",
  "randomblob(4)",
  "abs(random() % 7)",
  "CURRENT_TIMESTAMP",
  "datetime('now')",
  "strftime('%f', 'now')",
  "hex(randomblob(2))",
];

/** Any value, most often one of few. */
export function anyOperand(dice: Dice): Operand {
  return dice.weighed([
    [6, () => bound(dice.pick(small))],
    [2, () => bound(dice.pick(likeFive))],
    [2, () => bound(dice.pick(extreme))],
    [1, () => bound({ big: String(BigInt.asIntN(64, BigInt(dice.below(2 ** 32)) * BigInt(dice.below(2 ** 32)))) })],
    [1, () => bound((dice.next() - 0.5) * 10 ** dice.between(-300, 300))],
    [1, () => bound({ blob: Array.from({ length: dice.below(5) }, () => dice.below(256)) })],
    [2, () => ({ sql: dice.pick(expressions), values: [] })],
  ]);
}

/** One of few values, all of which are likely to be there. */
export const smallOperand = (dice: Dice): Operand => bound(dice.pick(small));

/** A small whole number. */
export const smallInteger = (dice: Dice): Operand => bound(dice.between(1, 6));

const bound = (value: PlainArgument): Operand => ({ sql: "?", values: [value] });

/** A statement put together from text and operands. */
export function statement(parts: TemplateStringsArray, ...inner: readonly (string | Operand)[]): FuzzStatement {
  const values = inner.flatMap((part) => (typeof part === "string" ? [] : part.values));
  const sql = parts.map((text, at) => text + textOf(inner[at])).join("");
  return { sql, values };
}

const textOf = (part: string | Operand | undefined): string => (typeof part === "object" ? part.sql : (part ?? ""));

/** Several operands as one, between commas. */
export const listed = (operands: readonly Operand[], separator = ", "): Operand => ({
  sql: operands.map(({ sql }) => sql).join(separator),
  values: operands.flatMap(({ values }) => values),
});

/** Text as an operand. */
export const text = (sql: string): Operand => ({ sql, values: [] });
