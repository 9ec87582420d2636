import { describe, expect, test } from "vitest";

import { sealRecord } from "../../../shared/binlog/record.ts";
import { present } from "../../../shared/kernel/assert.ts";
import { epoch, lsn } from "../../../shared/kernel/brand.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import { expectReplicated } from "../../support/expect-replicated.ts";
import { Filling } from "../../support/filling.ts";
import { firstEpoch, Pair } from "../../support/pair.ts";

const schema = ["CREATE TABLE t (id INTEGER PRIMARY KEY, a)", "INSERT INTO t VALUES (1, 'x')"];

/** A pair whose replica is up to date. */
function pairInStep(): Pair {
  const pair = new Pair(...schema);
  pair.ship();
  return pair;
}

const read = (pair: Pair) => pair.replica.query([{ sql: "SELECT count(*) FROM t", parameters: [] }]);
const reason = (text: string) => expect.stringContaining(text) as string;

/** Ways in which a replica cannot take the next record, and what it says then. `undo` takes the cause away. */
const causes: [name: string, says: string, cause: (pair: Pair) => { ship: () => unknown; undo: () => void }][] = [
  [
    "cannot be replayed",
    "Record 3 cannot be replayed (SqlError: blocked",
    (pair) => {
      pair.replicaEngine.run("CREATE TRIGGER b BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'blocked'); END");
      const undo = () => void pair.replicaEngine.run("DROP TRIGGER b");
      return { ship: () => pair.ship(), undo };
    },
  ],
  [
    "is damaged each time",
    "A record after 2 was damaged on its way.",
    (pair) => {
      const ship = () => {
        const previous = pair.replica.log.position;
        const bytes = present(pair.primary.log.read(lsn(3), { bytes: 0, records: 1 })[0], "the record").bytes.slice();
        bytes[40] = (bytes[40] ?? 0) ^ 1;
        return pair.replica.append({ epoch: firstEpoch, previous, records: [bytes] });
      };
      return { ship, undo: () => undefined };
    },
  ],
  [
    "continues another log",
    "Record 3 continues another log than this one.",
    (pair) => {
      const header = { epoch: firstEpoch, lsn: lsn(3), schemaVersion: 1, committedAtMs: 0, previous: "1".repeat(16) };
      const records = [sealRecord(header, []).bytes];
      const previous = pair.replica.log.position;
      return { ship: () => pair.replica.append({ epoch: firstEpoch, previous, records }), undo: () => undefined };
    },
  ],
  [
    "follows on another record than it has",
    "Record 2 is another one than the primary's.",
    (pair) => {
      const previous = { lsn: lsn(2), checksum: "1".repeat(16) };
      return { ship: () => pair.replica.append({ epoch: firstEpoch, previous, records: [] }), undo: () => undefined };
    },
  ],
  [
    "is missing from what is sent",
    "Record 4 came where 3 should follow.",
    (pair) => {
      pair.rows("INSERT INTO t VALUES (3, 'z')");
      const previous = pair.replica.log.position;
      const records = pair.primary.log.read(lsn(4), { bytes: 0, records: 1 }).map(({ bytes }) => bytes);
      return { ship: () => pair.replica.append({ epoch: firstEpoch, previous, records }), undo: () => undefined };
    },
  ],
];

describe("a replica for which the next record", () => {
  test.each(causes)(
    `%s, ${limits.replayTries} times, answers no reads, until it can take it after all`,
    async (...given) => {
      const [, says, cause] = given;
      const pair = pairInStep();
      pair.rows("INSERT INTO t VALUES (2, 'y')");
      const { ship, undo } = cause(pair);
      for (let tries = 1; tries <= limits.replayTries; tries += 1) {
        expect(pair.replica.standing.state === "stuck" && pair.replica.standing.tries).toBe(tries > 1 && tries - 1);
        expect(ship()).toMatchObject({ ok: false, code: "stuck", message: reason(says), position: { lsn: 2 } });
        if (tries < limits.replayTries) expect(read(pair)).not.toMatchObject({ code: "stuck" });
        // What it remembers outlives a reset.
        pair.restart();
      }
      for (let turn = 0; turn < 2; turn += 1) {
        expect(read(pair)).toMatchObject({ ok: false, code: "stuck", message: reason(says) });
        const { standing } = pair.replica;
        ship();
        expect(pair.replica.standing).toEqual(standing);
      }
      undo();
      expect(pair.ship()).toMatchObject({ ok: true });
      expect(pair.replica.standing).toEqual({ state: "following" });
      expect(read(pair)).toMatchObject({ ok: true });
      await expectReplicated(pair);
    },
  );

  test("cannot be replayed is put right by a snapshot", async () => {
    const pair = pairInStep();
    pair.replicaEngine.run("DROP TABLE t");
    pair.rows("INSERT INTO t VALUES (2, 'y')");
    for (let tries = 0; tries < limits.replayTries; tries += 1) pair.ship();
    expect(read(pair)).toMatchObject({ code: "stuck" });
    pair.replica.snapshot.rebuild();
    expect(read(pair)).toMatchObject({ code: "behind" });
    new Filling(pair).finish();
    expect(read(pair)).toMatchObject({ ok: true });
    await expectReplicated(pair);
  });
});

test("an exception counts like a record that cannot be replayed, and is thrown on: it is a bug, or trouble of the disk", async () => {
  const pair = pairInStep();
  pair.rows("INSERT INTO t VALUES (2, 'y')");
  pair.replicaEngine.beforeCommit = () => {
    throw new Error("disk I/O error");
  };
  for (let tries = 1; tries <= limits.replayTries; tries += 1) {
    expect(() => pair.ship()).toThrow("disk I/O error");
    expect(pair.replica.standing).toMatchObject({ state: "stuck", tries });
  }
  expect(read(pair)).toMatchObject({ code: "stuck", message: reason("Record 3 cannot be replayed (Error: disk I/O") });
  pair.replicaEngine.beforeCommit = () => undefined;
  expect(pair.ship()).toMatchObject({ ok: true });
  await expectReplicated(pair);
});

describe("a replica is not stuck because", () => {
  const harmless: [string, (pair: Pair) => unknown, string][] = [
    [
      "records before those that were sent have not come yet",
      (pair) => pair.replica.append({ epoch: firstEpoch, previous: pair.primary.log.position, records: [] }),
      "gap",
    ],
    [
      "an old primary sends",
      (pair) => pair.replica.append({ epoch: epoch(0), previous: pair.replica.log.position, records: [] }),
      "stale-epoch",
    ],
  ];
  test.each(harmless)("%s, however often", (_, ship, code) => {
    const pair = pairInStep();
    pair.rows("INSERT INTO t VALUES (2, 'y')");
    for (let tries = 0; tries <= limits.replayTries; tries += 1) expect(ship(pair)).toMatchObject({ code });
    expect(pair.replica.standing).toEqual({ state: "following" });
  });
});

test("that a stuck replica says where it stands, or gets what it has, does not have it follow again", () => {
  const pair = pairInStep();
  pair.replicaEngine.run("ALTER TABLE t RENAME TO gone");
  pair.rows("INSERT INTO t VALUES (2, 'y')");
  pair.ship();
  const { standing } = pair.replica;
  const old = pair.primary.log.read(lsn(1), { bytes: 0, records: 1 }).map(({ bytes }) => bytes);
  for (const records of [[], old]) {
    const previous = { lsn: lsn(0), checksum: "0".repeat(16) };
    expect(pair.replica.append({ epoch: firstEpoch, previous, records })).toMatchObject({ ok: true });
  }
  expect(standing).toEqual(pair.replica.standing);
  expect(standing).toMatchObject({ state: "stuck", tries: 1 });
});

test("a replica that has more records than its primary serves nobody, also after a reset; one that has no more is as it was", () => {
  const pair = pairInStep();
  pair.replica.reject(lsn(2));
  expect(pair.replica.standing).toEqual({ state: "following" });
  pair.replica.reject(lsn(1));
  pair.restart();
  expect(read(pair)).toMatchObject({
    code: "diverged",
    message: "The replica has records up to 2, and the primary only up to 1.",
  });
  pair.replica.snapshot.rebuild();
  pair.replica.reject(lsn(0));
  new Filling(pair).finish();
  expect(read(pair)).toMatchObject({ ok: true });
});

describe("a replica that verifies its snapshot", () => {
  const verifying = () => {
    const filling = new Filling(new Pair(...schema));
    filling.pair.replica.snapshot.rebuild();
    const fill = () => {
      while (filling.pull());
      filling.announce();
    };
    return { ...filling, pair: filling.pair, fill };
  };

  test("is filled once more when a record cannot be replayed, and steps out when that does not help", () => {
    const { pair, fill } = verifying();
    for (let turn = 0; turn <= limits.snapshotTries; turn += 1) {
      fill();
      pair.replicaEngine.run("ALTER TABLE t RENAME TO gone");
      pair.rows("UPDATE t SET a = ?", turn);
      expect(pair.ship()).toMatchObject({ ok: false, code: turn < limits.snapshotTries ? "rebuilding" : "diverged" });
    }
    expect(pair.replica.standing).toMatchObject({ state: "diverged", reason: reason("cannot be replayed") });
    expect(read(pair)).toMatchObject({ code: "diverged" });
  });

  test("stays so when a record is damaged: it is sent again", () => {
    const { pair, fill } = verifying();
    fill();
    const { standing } = pair.replica;
    for (let tries = 0; tries <= limits.replayTries; tries += 1)
      expect(
        pair.replica.append({ epoch: firstEpoch, previous: pair.replica.log.position, records: [new Uint8Array(9)] }),
      ).toMatchObject({ code: "stuck" });
    expect(pair.replica.standing).toBe(standing);
    expect(read(pair)).toMatchObject({ code: "behind" });
  });
});
