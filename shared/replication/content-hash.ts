import { checksumOf } from "../binlog/checksum.ts";
import type { CheckChange } from "../binlog/record.ts";
import { schemaObjects, type Table } from "../sql/catalog.ts";
import type { SqlEngine } from "../sql/engine.ts";
import type { Value } from "../sql/value.ts";
import { encodeRow, rowsAfter } from "./slice.ts";

/** What a set of rows holds, in whatever order: equal hashes of equally many rows mean equal rows, but for one chance in 2^64. */
export interface ContentHash {
  readonly rows: number;
  /** The sum of the rows' hashes modulo 2^64, as a signed integer. */
  readonly hash: bigint;
}

/** The table by whose name a check calls the texts of the schema and the AUTOINCREMENT counters. */
export const schemaTable = "sqlite_schema";

/**
 * Hashes rows one after the other, so that only one stands in memory. Storage class, every bit and the key count; against
 * damage and mistakes, not against an attacker.
 */
export function hashRows(rows: Iterable<readonly Value[]>): ContentHash {
  let [count, sum] = [0, 0n];
  for (const row of rows) {
    count += 1;
    sum += BigInt(`0x${checksumOf(encodeRow(row))}`);
  }
  return { rows: count, hash: BigInt.asIntN(64, sum) };
}

/** Hashes the schema and the AUTOINCREMENT counters. @param parked the texts of triggers that do not stand in the schema. */
export function hashSchema(engine: SqlEngine, parked: readonly string[]): ContentHash {
  const texts = [...schemaObjects(engine).map(({ sql }) => sql), ...parked];
  return hashRows([...texts.map((sql) => [sql]), ...readCounters(engine)]);
}

/** The AUTOINCREMENT counters: table, storage class and value. */
function readCounters(engine: SqlEngine): Value[][] {
  if (engine.run("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").rows.length === 0) return [];
  const { rows } = engine.run("SELECT name, typeof(seq), CAST(seq AS TEXT) FROM sqlite_sequence");
  return rows.map((row) => row.map(String));
}

/** What this node holds where `check` says what the primary held. Reads `check.rows` rows, and one more to see the end. */
export function hashSlice(engine: SqlEngine, table: Table, { after, rows, last }: CheckChange): ContentHash {
  return hashRows(first(rowsAfter(engine, table, after), last ? rows + 1 : rows));
}

function* first<Item>(items: Iterable<Item>, most: number): Generator<Item> {
  let left = most;
  if (left === 0) return;
  for (const item of items) {
    yield item;
    left -= 1;
    if (left === 0) return;
  }
}
