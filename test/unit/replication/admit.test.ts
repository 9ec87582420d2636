import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { emptyLog, type LogPosition } from "../../../shared/binlog/log.ts";
import type { SealedRecord } from "../../../shared/binlog/record.ts";
import { present } from "../../../shared/kernel/assert.ts";
import { epoch } from "../../../shared/kernel/brand.ts";
import { admit } from "../../../shared/replication/admit.ts";
import { nextRecord, recordChain } from "../../support/changes.ts";

const chain = recordChain(8);
const record = (at: number) => present(chain[at - 1], `record ${at}`);

/** Where a log stands that holds the first `count` records of `records`. */
function positionAfter(count: number, records: readonly SealedRecord[] = chain): LogPosition {
  const last = records[count - 1];
  if (!last) return emptyLog;
  const { header, checksum } = last;
  return { epoch: header.epoch, lsn: header.lsn, checksum, schemaVersion: header.schemaVersion };
}

/** Sends the records `from`..`to` to a log that holds the first `held`. */
const send = (held: number, from: number, to: number) =>
  admit(positionAfter(held), {
    epoch: epoch(1),
    previous: positionAfter(from - 1),
    records: chain.slice(from - 1, to).map(({ bytes }) => bytes),
  });

const lsns = (outcome: ReturnType<typeof admit>) =>
  outcome.ok ? outcome.records.map(({ header }) => header.lsn) : outcome.code;

test("whatever stretch of the primary's log comes, exactly what is missing is taken, or it is a gap", () => {
  const count = fc.integer({ min: 0, max: 8 });
  fc.assert(
    fc.property(count, count, count, (held, before, to) => {
      const outcome = lsns(send(held, before + 1, to));
      const missing = Array.from({ length: Math.max(0, to - held) }, (_, at) => held + 1 + at);
      if (before > held) expect(outcome).toBe("gap");
      else expect(outcome).toEqual(missing);
    }),
    { numRuns: 400 },
  );
});

test("a question without records is answered: up to date, or behind by a gap", () => {
  expect(lsns(send(8, 9, 8))).toEqual([]);
  expect(lsns(send(5, 9, 8))).toBe("gap");
});

test("what is taken is the record that was sent, to the byte", () => {
  const outcome = send(3, 4, 5);
  expect(outcome).toEqual({ ok: true, records: [record(4), record(5)] });
});

describe("an append is refused as a whole", () => {
  const append = (held: number, previous: LogPosition, ...records: Uint8Array[]) =>
    lsns(admit(positionAfter(held), { epoch: epoch(1), previous, records }));

  test("from a primary of an older epoch than the log", () => {
    const newer = nextRecord(record(8), 1, 2);
    const position = positionAfter(9, [...chain, newer]);
    expect(admit(position, { epoch: epoch(1), previous: positionAfter(8), records: [] })).toMatchObject({
      ok: false,
      code: "stale-epoch",
    });
    expect(admit(position, { epoch: epoch(2), previous: position, records: [] })).toMatchObject({ ok: true });
    expect(admit(position, { epoch: epoch(3), previous: position, records: [] })).toMatchObject({ ok: true });
  });

  test("with a record missing in its midst", () => {
    expect(append(2, positionAfter(2), record(3).bytes, record(5).bytes)).toBe("gap");
    expect(append(3, positionAfter(1), record(2).bytes, record(5).bytes)).toBe("gap");
  });

  test("with a record twice in it that is new", () => {
    expect(append(2, positionAfter(2), record(3).bytes, record(3).bytes)).toBe("gap");
  });

  test("with damage in any of its records", () => {
    const damaged = record(4).bytes.slice();
    damaged[20] = (damaged[20] ?? 0) ^ 1;
    expect(append(2, positionAfter(2), record(3).bytes, damaged)).toBe("damaged");
    expect(append(6, positionAfter(2), record(3).bytes, damaged)).toBe("damaged");
    expect(append(2, positionAfter(2), new Uint8Array())).toBe("damaged");
  });
});

describe("another log than the primary's is told by the checksum chain", () => {
  const other = [...chain.slice(0, 3), nextRecord(record(3), 99)];
  const held = positionAfter(4, other);

  test("when asked where it stands", () => {
    expect(lsns(admit(held, { epoch: epoch(1), previous: positionAfter(4), records: [] }))).toBe("diverged");
  });

  test("when a record follows on what it has not", () => {
    const append = { epoch: epoch(1), previous: positionAfter(3), records: [record(4).bytes, record(5).bytes] };
    expect(lsns(admit(held, append))).toBe("diverged");
    expect(lsns(admit(held, { ...append, records: [record(5).bytes] }))).toBe("diverged");
  });

  test("when the last record that it has is another one, though nothing new follows", () => {
    expect(lsns(admit(held, { epoch: epoch(1), previous: positionAfter(3), records: [record(4).bytes] }))).toBe(
      "diverged",
    );
  });
});
