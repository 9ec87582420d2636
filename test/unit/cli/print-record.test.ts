import { expect, test } from "vitest";

import { printRecord } from "../../../cli/print-record.ts";
import { sealRecord, type Change } from "../../../shared/binlog/record.ts";
import { epoch, lsn } from "../../../shared/kernel/brand.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import type { Value } from "../../../shared/sql/value.ts";

const header = {
  epoch: epoch(2),
  lsn: lsn(7),
  schemaVersion: 3,
  committedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  previous: "0123456789abcdef",
};

/** What is printed below the line of the record. */
const linesOf = (...changes: Change[]) => printRecord(sealRecord(header, changes)).split("\n").slice(2);

const linesOfRow = (...row: Value[]) => linesOf({ type: "rows", table: "t", deleted: [], images: [row] }).slice(2);

test("a record begins with a line that says where it stands", () => {
  const record = sealRecord(header, []);
  expect(printRecord(record)).toBe(
    `\n# at 7  epoch 2  schema 3  2026-01-02T03:04:05.006Z  ${record.bytes.length} bytes  checksum ${record.checksum}`,
  );
});

test("a time that no calendar has is printed as its number", () => {
  expect(printRecord(sealRecord({ ...header, committedAtMs: 1e300 }, []))).toContain("1e+300 ms");
});

test("schema changes are SQL; rows have a number for each value and its class", () => {
  expect(
    linesOf(
      { type: "schema", sql: "CREATE TABLE t (a)" },
      {
        type: "rows",
        table: 'say "t"',
        deleted: [[5n]],
        images: [
          [1n, "it's"],
          [2n, null],
        ],
      },
      { type: "sequence", table: "t", value: 2n },
      { type: "sequence", table: "u", value: null },
      { type: "check", table: "t", since: lsn(5), after: [], rows: 2, last: true, hash: -1n },
      { type: "statement", sql: "INSERT INTO f VALUES (?1)", values: ["x"] },
    ),
  ).toEqual([
    "CREATE TABLE t (a);",
    '### DELETE FROM "say ""t"""',
    "### WHERE",
    "###   @1=5 /* INTEGER */",
    '### INSERT OR REPLACE INTO "say ""t"""',
    "### SET",
    "###   @1=1 /* INTEGER */",
    "###   @2='it''s' /* TEXT */",
    '### INSERT OR REPLACE INTO "say ""t"""',
    "### SET",
    "###   @1=2 /* INTEGER */",
    "###   @2=NULL",
    '### SEQUENCE "t" = 2',
    '### SEQUENCE "u" = gone',
    '### CHECK "t": 2 rows to its end, hash ffffffffffffffff',
    "INSERT INTO f VALUES (?1);",
    "###   @1='x' /* TEXT */",
  ]);
});

test("every value is printed as SQL that gives it again, and nothing that acts on a terminal", () => {
  const row = [
    2n ** 63n - 1n,
    4,
    -0,
    1e300,
    Infinity,
    -Infinity,
    "\u001b[31m",
    new Uint8Array([0, 255]),
    { rawText: new Uint8Array([255]) },
  ];
  expect(linesOfRow(...row)).toEqual([
    "###   @1=9223372036854775807 /* INTEGER */",
    "###   @2=4.0 /* REAL */",
    "###   @3=-0.0 /* REAL */",
    "###   @4=1e+300 /* REAL */",
    "###   @5=9e999 /* REAL */",
    "###   @6=-9e999 /* REAL */",
    "###   @7=CAST(x'1b5b33316d' AS TEXT) /* TEXT */",
    "###   @8=x'00ff' /* BLOB */",
    "###   @9=CAST(x'ff' AS TEXT) /* TEXT */",
  ]);
});

test(`a text longer than ${limits.shownValueLength} characters and a blob of more than half as many bytes are cut, and say how long they are`, () => {
  const most = limits.shownValueLength;
  const [fits, long] = linesOfRow("x".repeat(most), "x".repeat(most + 1));
  expect(fits).toBe(`###   @1='${"x".repeat(most)}' /* TEXT */`);
  expect(long).toBe(`###   @2='${"x".repeat(most)}'... /* TEXT, ${most + 1} characters */`);
  const [whole, cut] = linesOfRow(new Uint8Array(most / 2), new Uint8Array(most / 2 + 1));
  expect(whole).toBe(`###   @1=x'${"00".repeat(most / 2)}' /* BLOB */`);
  expect(cut).toBe(`###   @2=x'${"00".repeat(most / 2)}'... /* BLOB, ${most / 2 + 1} bytes */`);
});

test(`past ${limits.shownLines} lines for the rows of a table the others are counted`, () => {
  const rowsThatFit = limits.shownLines / 4;
  const images = Array.from({ length: rowsThatFit + 3 }, (_, at) => [BigInt(at), null]);
  expect(linesOf({ type: "rows", table: "t", deleted: [], images: images.slice(3) })).toHaveLength(limits.shownLines);
  const lines = linesOf({ type: "rows", table: "t", deleted: [], images });
  expect(lines).toHaveLength(limits.shownLines + 1);
  expect(lines.at(-1)).toBe('### ... and 3 more rows of "t"');
});
