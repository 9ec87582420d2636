import { hexOf } from "../shared/binlog/describe.ts";
import {
  readChanges,
  type Change,
  type CheckChange,
  type RowChange,
  type SealedRecord,
} from "../shared/binlog/record.ts";
import { encodeUtf8 } from "../shared/kernel/utf8.ts";
import { limits } from "../shared/kernel/limits.ts";
import { quoteName, quoteText } from "../shared/sql/names.ts";
import type { Value } from "../shared/sql/value.ts";

/**
 * A record as text, as `mysqlbinlog --verbose` prints its own: one line for the record, schema changes as SQL, rows as
 * comments with a number for each value and its storage class. An image says what a row is afterwards, not whether it was
 * there before, so it is an INSERT OR REPLACE. Long values and long lists are cut; `--json` has all of them.
 */
export function printRecord(record: SealedRecord): string {
  const { epoch, lsn, schemaVersion, committedAtMs } = record.header;
  const head = `# at ${lsn}  epoch ${epoch}  schema ${schemaVersion}  ${timeOf(committedAtMs)}  ${record.bytes.length} bytes  checksum ${record.checksum}`;
  return ["", head, ...readChanges(record).flatMap(printChange)].join("\n");
}

/** A clock may say what no calendar has. */
const timeOf = (ms: number): string => (Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${ms} ms`);

function printChange(change: Change): string[] {
  switch (change.type) {
    case "rows":
      return printRows(change);
    case "schema":
      return [`${change.sql};`];
    case "statement":
      return [`${change.sql};`, ...printValues(change.values)];
    case "sequence":
      return [`### SEQUENCE ${quoteName(change.table)} = ${change.value === null ? "gone" : String(change.value)}`];
    case "check":
      return [printCheck(change)];
  }
}

const printCheck = ({ table, rows, last, hash }: CheckChange): string =>
  `### CHECK ${quoteName(table)}: ${rows} rows${last ? " to its end" : ""}, hash ${BigInt.asUintN(64, hash).toString(16).padStart(16, "0")}`;

function printRows({ table, deleted, images }: RowChange): string[] {
  const name = quoteName(table);
  const gone = deleted.flatMap((key) => [`### DELETE FROM ${name}`, "### WHERE", ...printValues(key)]);
  const there = images.flatMap((image) => [`### INSERT OR REPLACE INTO ${name}`, "### SET", ...printValues(image)]);
  return [...cut(gone, deleted.length, name), ...cut(there, images.length, name)];
}

/** At most so many lines; `count` rows are as long as each other. */
function cut(lines: readonly string[], count: number, name: string): readonly string[] {
  const perRow = count === 0 ? 1 : lines.length / count;
  const shown = Math.max(1, Math.floor(limits.shownLines / perRow));
  if (count <= shown) return lines;
  return [...lines.slice(0, shown * perRow), `### ... and ${count - shown} more rows of ${name}`];
}

const printValues = (values: readonly Value[]): string[] =>
  values.map((value, at) => `###   @${at + 1}=${printValue(value)}`);

/** A value as SQL, and its class. */
function printValue(value: Value): string {
  if (value === null) return "NULL";
  switch (typeof value) {
    case "bigint":
      return `${value} /* INTEGER */`;
    case "number":
      return `${printReal(value)} /* REAL */`;
    case "string":
      return printText(value);
    default:
      return value instanceof Uint8Array ? printBytes(value, "BLOB") : printBytes(value.rawText, "TEXT");
  }
}

function printReal(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "9e999" : "-9e999";
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Control characters would act on the terminal, so such text is shown as its bytes. */
function printText(value: string): string {
  // eslint-disable-next-line no-control-regex -- exactly these are meant
  if (/[\0-\x1f\x7f-\x9f]/.test(value)) return printBytes(encodeUtf8(value), "TEXT");
  if (value.length <= limits.shownValueLength) return `${quoteText(value)} /* TEXT */`;
  return `${quoteText(value.slice(0, limits.shownValueLength))}... /* TEXT, ${value.length} characters */`;
}

function printBytes(bytes: Uint8Array, kind: "TEXT" | "BLOB"): string {
  const most = limits.shownValueLength / 2;
  const hex = `x'${hexOf(bytes.subarray(0, most))}'`;
  if (bytes.length > most) return `${hex}... /* ${kind}, ${bytes.length} bytes */`;
  return kind === "TEXT" ? `CAST(${hex} AS TEXT) /* TEXT */` : `${hex} /* BLOB */`;
}
