import fc from "fast-check";
import { expect, test } from "vitest";

import { lsn } from "../../../shared/kernel/brand.ts";
import { anyDamage, withChecksum } from "../../support/damage.ts";
import { expectReplicated } from "../../support/expect-replicated.ts";
import { firstEpoch, Pair } from "../../support/pair.ts";

/** A primary with records of every kind of change, and a replica that has the first of them. */
function pairWithRecords() {
  const pair = new Pair("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT UNIQUE, b)");
  pair.ship();
  pair.batch(
    ["INSERT INTO t(a, b) VALUES ('x', 1), ('y', 2.5), ('z', x'00ff')"],
    ["ALTER TABLE t ADD COLUMN c DEFAULT 7"],
  );
  pair.batch(
    ["CREATE TABLE u (k, v, PRIMARY KEY (k, v)) WITHOUT ROWID"],
    ["INSERT INTO u VALUES (1, 'a'), (2, NULL || '')"],
  );
  pair.batch(["DELETE FROM t WHERE id = 2"], ["UPDATE t SET b = NULL, c = -0.0"]);
  const bounds = { bytes: Infinity, records: Infinity };
  return { pair, records: pair.primary.log.read(lsn(2), bounds).map(({ bytes }) => bytes) };
}

/** Damage to one record, on its way or before its checksum was made. */
const damage = fc.record({
  record: fc.nat(2),
  how: fc.array(anyDamage, { minLength: 1, maxLength: 3 }),
  hasRightChecksum: fc.boolean(),
});

test("a replica takes damaged records or says no: it never fails, and after a no it stands where it stood", async () => {
  let { pair, records } = pairWithRecords();
  const before = { previous: pair.replica.log.position, ...(await pair.dumps()) };
  await fc.assert(
    fc.asyncProperty(damage, async ({ record, how, hasRightChecksum }) => {
      const damaged = records.map((bytes, at) => {
        if (at !== record) return bytes;
        const body = how.reduce<Uint8Array>(
          (rest, change) => change(rest),
          hasRightChecksum ? bytes.slice(0, -8) : bytes,
        );
        return hasRightChecksum ? withChecksum(body) : body;
      });
      const reply = pair.replica.append({ epoch: firstEpoch, previous: before.previous, records: damaged });
      if (reply.ok) return void ({ pair, records } = pairWithRecords());
      expect(reply.code).toBe("stuck");
      expect(reply.position).toEqual(before.previous);
      expect((await pair.dumps()).replica).toEqual(before.replica);
    }),
    { numRuns: 1500 },
  );
  await expectReplicated(pair);
}, 30_000);

test("a replica takes bytes of any kind for records, and is none the worse for it", async () => {
  const { pair } = pairWithRecords();
  const previous = pair.replica.log.position;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 4 }), async (records) => {
      const reply = pair.replica.append({ epoch: firstEpoch, previous, records: records.map(withChecksum) });
      expect(reply).toMatchObject({ ok: false, code: "stuck", position: previous });
    }),
    { numRuns: 500 },
  );
  await expectReplicated(pair);
});
