import type { Value } from "../sql/value.ts";
import { readChanges, type Change, type RecordHeader, type SealedRecord } from "./record.ts";

/** A value as JSON that loses nothing: its storage class and its text, blobs in hex. */
export type PlainValue =
  | null
  | { readonly integer: string }
  | { readonly real: string }
  | { readonly text: string }
  | { readonly blob: string }
  | { readonly rawText: string };

/** A record as JSON: its header, its checksum and its changes, each value with its storage class. */
export interface RecordDescription extends RecordHeader {
  readonly checksum: string;
  readonly bytes: number;
  readonly changes: readonly object[];
}

/** Describes a record for programs: the `--json` of the CLI, and the golden files of the format. */
export const describeRecord = (record: SealedRecord): RecordDescription => ({
  ...record.header,
  checksum: record.checksum,
  bytes: record.bytes.length,
  changes: readChanges(record).map(describeChange),
});

function describeChange(change: Change): object {
  switch (change.type) {
    case "rows":
      return { ...change, deleted: change.deleted.map(describeRow), images: change.images.map(describeRow) };
    case "sequence":
      return { ...change, value: describeValue(change.value) };
    case "check":
      return { ...change, after: describeRow(change.after), hash: String(change.hash) };
    case "statement":
      return { ...change, values: describeRow(change.values) };
    default:
      return change;
  }
}

const describeRow = (row: readonly Value[]): PlainValue[] => row.map(describeValue);

/** The value with its class. A double is printed in the shortest form that reads back as the same bits. */
function describeValue(value: Value): PlainValue {
  if (value === null) return null;
  switch (typeof value) {
    case "bigint":
      return { integer: String(value) };
    case "number":
      return { real: Object.is(value, -0) ? "-0" : String(value) };
    case "string":
      return { text: value };
    default:
      return value instanceof Uint8Array ? { blob: hexOf(value) } : { rawText: hexOf(value.rawText) };
  }
}

/** Bytes as lower-case hex digits. */
export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
