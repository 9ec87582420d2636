import { failure, type Failure } from "../kernel/error.ts";
import { limits } from "../kernel/limits.ts";
import type { Bindable } from "./engine.ts";
import type { Statement } from "./statement.ts";
import { utf8Length } from "./value.ts";

/** A parameter as a client binds it. Booleans are 1 and 0, as in D1; a bigint reaches over the whole 64-bit range. */
export type Argument = null | number | bigint | boolean | string | ArrayBuffer | ArrayBufferView;

/** A statement with its values, ready for the engine. */
export interface BoundStatement {
  readonly ok: true;
  readonly sql: string;
  readonly binds: readonly Bindable[];
}

const most = 2n ** 63n - 1n;
const least = -(2n ** 63n);

/**
 * Binds `values` so that they are stored as an SQLite user expects. The engine binds every number as REAL, which makes
 * 5 in a TEXT column "5.0"; an integer is therefore cast, and a unary plus takes the cast's affinity away again, so that
 * comparisons and indexes work as with a plain parameter (https://sqlite.org/datatype3.html#affinity_of_expressions).
 */
export function bindStatement(statement: Statement, values: readonly Argument[]): BoundStatement | Failure {
  if (values.length !== statement.parameterCount)
    return failure(
      "bad-request",
      `Wrong number of parameter bindings for SQL query: ${statement.parameterCount} wanted, ${values.length} given.`,
    );
  const binds: Bindable[] = [];
  const integers = new Set<number>();
  for (const [at, value] of values.entries()) {
    const bind = bindable(value);
    if (bind === undefined)
      return failure("bad-request", `Parameter ${at + 1} cannot be stored: ${unstorable(value)}.`);
    if (isInteger(value)) integers.add(at + 1);
    binds.push(bind);
  }
  return { ok: true, sql: integers.size === 0 ? statement.sql : castIntegers(statement, integers), binds };
}

const isInteger = (value: Argument): boolean =>
  typeof value === "bigint" || typeof value === "boolean" || (Number.isSafeInteger(value) && !Object.is(value, -0));

/** `undefined` where the engine would store something else than was given. */
function bindable(value: Argument): Bindable | undefined {
  if (value === null) return null;
  switch (typeof value) {
    case "string":
      return value.length * 3 > limits.valueBytes && utf8Length(value) > limits.valueBytes ? undefined : value;
    case "number":
      return Number.isFinite(value) ? value : undefined;
    case "bigint":
      return value >= least && value <= most ? value.toString() : undefined;
    case "boolean":
      return value ? 1 : 0;
    case "object":
      return bytesOf(value);
    default:
      return undefined;
  }
}

function bytesOf(value: ArrayBuffer | ArrayBufferView): ArrayBuffer | undefined {
  if (value instanceof ArrayBuffer) return value.byteLength <= limits.valueBytes ? value : undefined;
  if (!ArrayBuffer.isView(value) || value.byteLength > limits.valueBytes) return undefined;
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice().buffer;
}

function unstorable(value: unknown): string {
  if (typeof value === "number") return `SQLite has no ${value}`;
  if (typeof value === "bigint") return "the integer does not fit into 64 bits";
  if (typeof value === "string" || (typeof value === "object" && value !== null))
    return `it has more than ${limits.valueBytes} bytes or is no byte array`;
  return `type '${typeof value}' is not supported`;
}

/** The names of a result's columns: SQLite takes the text of an expression for its name, and that is to be the client's text. */
export const columnNames = ({ sql, parameters }: Statement, columns: readonly string[]): string[] =>
  columns.map((name) =>
    name.replaceAll(/\+cast\(\?(\d+) as integer\)/g, (cast, index) => {
      const parameter = parameters.find((candidate) => candidate.index === Number(index));
      return parameter ? sql.slice(parameter.start, parameter.end) : cast;
    }),
  );

function castIntegers({ sql, parameters }: Statement, integers: ReadonlySet<number>): string {
  let text = "";
  let at = 0;
  for (const { index, start, end } of parameters) {
    if (!integers.has(index)) continue;
    text += `${sql.slice(at, start)}+cast(?${index} as integer)`;
    at = end;
  }
  return text + sql.slice(at);
}
