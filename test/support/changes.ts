import fc from "fast-check";

import { emptyLogChecksum } from "../../shared/binlog/checksum.ts";
import { sealRecord, type Change, type SealedRecord } from "../../shared/binlog/record.ts";
import { epoch, lsn } from "../../shared/kernel/brand.ts";
import type { Value } from "../../shared/sql/value.ts";

export const anyValue: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom<Value[]>(
    null,
    0n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    -0,
    5e-324,
    Infinity,
    -Infinity,
    "",
    "\ufeffa\0b",
    new Uint8Array(),
  ),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true }),
  fc.string({ unit: "binary" }),
  fc.uint8Array(),
  fc.uint8Array().map((rawText) => ({ rawText })),
);

const rows = fc
  .nat(5)
  .chain((width) => fc.array(fc.array(anyValue, { minLength: width + 1, maxLength: width + 1 }), { maxLength: 4 }));

export const anyChange: fc.Arbitrary<Change> = fc.oneof(
  fc
    .tuple(fc.string({ unit: "grapheme" }), rows, rows)
    .map(([table, deleted, images]): Change => ({ type: "rows", table, deleted, images })),
  fc.string({ unit: "grapheme" }).map((sql): Change => ({ type: "schema", sql })),
  fc
    .tuple(fc.string(), fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })))
    .map(([table, value]): Change => ({ type: "sequence", table, value })),
  fc
    .tuple(fc.string(), fc.array(anyValue, { maxLength: 3 }))
    .map(([sql, values]): Change => ({ type: "statement", sql, values })),
  fc.record(
    {
      type: fc.constant("check" as const),
      table: fc.string(),
      since: fc.nat(2 ** 31 - 1).map(lsn),
      after: fc.array(anyValue, { maxLength: 3 }),
      rows: fc.nat(2 ** 31 - 1),
      last: fc.boolean(),
      hash: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    },
    { noNullPrototype: true },
  ),
);

/** The record that follows `previous`, or the first one, with one schema change of about `bytes` bytes. */
export function nextRecord(previous: SealedRecord | undefined, bytes = 10, term = 1): SealedRecord {
  const header = {
    epoch: epoch(term),
    lsn: lsn((previous?.header.lsn ?? 0) + 1),
    schemaVersion: (previous?.header.schemaVersion ?? 0) + 1,
    committedAtMs: 1_700_000_000_000.5,
    previous: previous?.checksum ?? emptyLogChecksum,
  };
  return sealRecord(header, [{ type: "schema", sql: "x".repeat(bytes) }]);
}

/** A chain of `count` records from the first one on. */
export function recordChain(count: number, bytes?: number): SealedRecord[] {
  const chain: SealedRecord[] = [];
  for (let at = 0; at < count; at += 1) chain.push(nextRecord(chain.at(-1), bytes));
  return chain;
}
