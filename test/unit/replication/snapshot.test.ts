import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { present } from "../../../shared/kernel/assert.ts";
import { lsn } from "../../../shared/kernel/brand.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import { sliceSize, startCursor } from "../../../shared/replication/slice.ts";
import type { Argument } from "../../../shared/sql/parameters.ts";
import { expectReplicated } from "../../support/expect-replicated.ts";
import { Filling } from "../../support/filling.ts";
import { Pair } from "../../support/pair.ts";

const schema = [
  "CREATE TABLE keyed (id INTEGER PRIMARY KEY, u TEXT UNIQUE, v INT, w AS (v * 2))",
  "CREATE UNIQUE INDEX keyed_v ON keyed (v) WHERE v > 3",
  "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, note)",
  "CREATE TABLE pairs (a TEXT COLLATE NOCASE, b, c UNIQUE, PRIMARY KEY (b DESC, a COLLATE BINARY)) WITHOUT ROWID",
  "CREATE TABLE parent (id INTEGER PRIMARY KEY, u TEXT UNIQUE)",
  "CREATE TABLE child (p INT REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE, n UNIQUE ON CONFLICT REPLACE)",
  "CREATE VIEW seen AS SELECT u FROM keyed",
  "CREATE TRIGGER keyed_child AFTER UPDATE ON keyed BEGIN INSERT INTO child VALUES (NULL, NEW.v); INSERT INTO counted(note) VALUES (random()); END",
  "INSERT INTO keyed(u, v) VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4), ('e', 5), ('f', 6), ('g', 7)",
  "INSERT INTO counted(note) VALUES (1.5), (x'00'), ('t'), (NULL)",
  "INSERT INTO parent VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (9007199254740993, 'e')",
  "INSERT INTO child VALUES (1, 1), (2, 2), (3, 3), (4, 4), (NULL, 5)",
  "INSERT INTO pairs VALUES ('a', 1, 1), ('A', 1, 2), ('b', 1.5, 3), ('a', '1', 4), ('a', x'31', 5), ('z', -0.0, 6)",
];

type Statement = [string, ...Argument[]];
const small = fc.integer({ min: 1, max: 9 });
const word = fc.constantFrom("a", "A", "b", "c", "d", "e", "f", "g");
const any = fc.constantFrom<Argument[]>(1, 1.5, "1", new Uint8Array([49]), -0, 0n, "z");
const statement = (sql: string, ...values: fc.Arbitrary<Argument>[]): fc.Arbitrary<Statement> =>
  fc.tuple(fc.constant(sql), ...values);

const write = fc.oneof(
  statement("INSERT OR REPLACE INTO keyed(id, u, v) VALUES (?, ?, ?)", small, word, small),
  statement("UPDATE OR REPLACE keyed SET u = ?, v = ? WHERE id = ?", word, small, small),
  // Unique values that change hands.
  statement("UPDATE keyed SET u = CASE id WHEN ?1 THEN 'x' ELSE 'y' END WHERE id IN (?1, ?2)", small, small),
  statement("UPDATE OR REPLACE keyed SET id = ?, u = ? WHERE id = ?", small, word, small),
  statement("DELETE FROM keyed WHERE id = ?", small),
  statement("INSERT INTO counted(note) VALUES (?)", any),
  statement("DELETE FROM counted WHERE id % 3 = ?", small),
  statement("UPDATE OR IGNORE counted SET id = id + ? WHERE id % 2", small),
  statement("UPDATE sqlite_sequence SET seq = seq + ?", small),
  statement("DELETE FROM sqlite_sequence"),
  statement("INSERT OR REPLACE INTO pairs VALUES (?, ?, ?)", word, any, small),
  statement("UPDATE OR REPLACE pairs SET b = ?, c = c + 1 WHERE a = ?", any, word),
  statement("DELETE FROM pairs WHERE c = ?", small),
  statement("UPDATE OR REPLACE parent SET id = ? WHERE u = ?", small, word),
  statement("DELETE FROM parent WHERE id = ?", small),
  statement("INSERT OR REPLACE INTO child VALUES (1, ?)", small),
  statement("UPDATE OR REPLACE child SET n = n + 1, rowid = rowid + ?", small),
);
const change = fc.oneof(
  statement("ALTER TABLE keyed ADD COLUMN x DEFAULT 7"),
  statement("ALTER TABLE keyed RENAME COLUMN x TO y"),
  statement("ALTER TABLE keyed DROP COLUMN y"),
  statement("ALTER TABLE counted RENAME TO renamed"),
  statement("ALTER TABLE renamed RENAME TO counted"),
  statement("DROP INDEX IF EXISTS keyed_v"),
  statement("DROP TRIGGER IF EXISTS keyed_child"),
  statement("CREATE TABLE IF NOT EXISTS late AS SELECT * FROM child"),
  statement("DROP TABLE IF EXISTS pairs"),
);

const isChange = /^(ALTER|DROP|CREATE)/;

describe("a replica that is filled from a primary that goes on writing", () => {
  const happening = fc.oneof(
    { weight: 10, arbitrary: fc.array(write, { minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.tuple(change) },
    { weight: 10, arbitrary: fc.constant("page" as const) },
    { weight: 1, arbitrary: fc.constantFrom("page lost" as const, "restart" as const) },
    { weight: 5, arbitrary: fc.constantFrom("announce" as const, "check" as const, "slice" as const, "ship" as const) },
  );

  type Happening = typeof happening extends fc.Arbitrary<infer Each> ? Each : never;

  function play(filling: Filling, each: Happening): void {
    const { pair, rounds } = filling;
    if (typeof each !== "string") pair.batch(...each);
    else if (each === "page") filling.pull();
    else if (each === "page lost") filling.pull(() => ({ ok: false, code: "unavailable", message: "" }));
    else if (each === "restart") filling.restart();
    else if (each === "announce" && pair.replica.snapshot.isToAnnounce) filling.announce();
    else if (each === "check" && rounds.isAsked) rounds.next(0);
    else if (each === "slice") rounds.next(0);
    else if (each === "ship") filling.ship(2);
  }

  test("holds the same to the bit in the end, whatever happens between any two pages", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 60, size: "max" }), async (history) => {
        const pair = new Pair(...schema);
        const filling = new Filling(pair);
        pair.replicaEngine.run("CREATE TABLE before (a)");
        pair.replica.snapshot.rebuild();
        const changes = history.some((each) => typeof each !== "string" && each.some(([sql]) => isChange.test(sql)));
        // Only a change of schema has it begin anew: a difference would be a fault of the snapshot.
        const look = () => {
          const { standing } = pair.replica;
          if (!changes && "tries" in standing) expect(standing.tries).toBe(0);
        };
        for (const each of history) {
          play(filling, each);
          look();
          expect(pair.replica.standing.state).not.toBe("diverged");
          if (pair.replica.standing.state !== "following")
            expect(pair.replica.query([{ sql: "SELECT 1", parameters: [] }])).toMatchObject({ code: "behind" });
        }
        filling.finish(look);
        await expectReplicated(pair);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});

describe("a page", () => {
  const begun = () => {
    const filling = new Filling(new Pair(...schema));
    filling.pair.replica.snapshot.rebuild();
    filling.pull();
    filling.pull();
    return filling;
  };

  test("that was damaged or cut short on its way is asked for again", async () => {
    const filling = begun();
    const { standing } = filling.pair.replica;
    const request = present(filling.pair.replica.snapshot.request(), "a request");
    const reply = filling.answer(request);
    if (!reply.ok) throw new Error(reply.message);
    const { page } = reply;
    for (const at of page.keys()) {
      const damaged = page.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      for (const bytes of [damaged, page.subarray(0, at)])
        expect(filling.pair.replica.snapshot.take({ ok: true, page: bytes })).toMatchObject({ code: "damaged" });
    }
    expect(filling.pair.replica.standing).toBe(standing);
    expect(filling.pair.replica.snapshot.take(reply)).toEqual({ ok: true });
    filling.finish();
    await expectReplicated(filling.pair);
  });

  test("that comes too late, when the filling has begun anew, is not taken", async () => {
    const filling = begun();
    const { snapshot } = filling.pair.replica;
    const late = filling.answer(present(snapshot.request(), "a request"));
    snapshot.rebuild();
    expect(snapshot.isUnderWay).toBe(true);
    expect(snapshot.take(late)).toEqual({ ok: true });
    expect(filling.pair.replica.standing).toEqual({ state: "wanted", tries: 0 });
    filling.finish();
    await expectReplicated(filling.pair);
  });

  test("that does not fit the tables has it begin anew", async () => {
    const filling = begun();
    filling.pair.replicaEngine.run("DROP TABLE child");
    expect(filling.pull()).toBe(true);
    while (filling.pair.replica.standing.state === "filling") filling.pull();
    expect(filling.pair.replica.standing).toEqual({ state: "wanted", tries: 1 });
    filling.finish();
    await expectReplicated(filling.pair);
  });

  test("whose transaction fails is as if it had not come", async () => {
    const filling = begun();
    const before = filling.pair.replica.standing;
    filling.pair.replicaEngine.beforeCommit = () => {
      throw new Error("disk I/O error");
    };
    expect(() => filling.pull()).toThrow("disk I/O error");
    filling.pair.replicaEngine.beforeCommit = () => undefined;
    expect(filling.pair.replica.standing).toEqual(before);
    filling.finish();
    await expectReplicated(filling.pair);
  });
});

test("a round of checks that began before the last page does not end the verification, since it has passed over rows", () => {
  const filling = new Filling(new Pair(...schema));
  const { pair, rounds } = filling;
  pair.replica.snapshot.rebuild();
  filling.pull();
  rounds.next(0);
  pair.rows("INSERT INTO counted(note) VALUES ('in between')");
  while (filling.pull());
  while (rounds.progress.rounds === 0) rounds.next(0);
  expect(pair.ship()).toMatchObject({ ok: true });
  expect(pair.replica.standing).toMatchObject({ state: "verifying" });
  filling.finish();
  expect(pair.replica.standing).toEqual({ state: "following" });
});

describe("a snapshot begins anew", () => {
  const outdated = (filling: Filling) => {
    filling.pull();
    filling.pair.rows("CREATE TABLE IF NOT EXISTS more (a)");
    filling.pair.rows("DROP TABLE more");
    filling.pull();
  };

  test(`when the schema changes, ${limits.snapshotTries} times at once, and then only after ${limits.snapshotWaitMs} ms`, async () => {
    const filling = new Filling(new Pair(...schema));
    const { snapshot } = filling.pair.replica;
    snapshot.rebuild();
    const waits = Array.from({ length: limits.snapshotTries + 1 }, () => {
      outdated(filling);
      expect(filling.pair.replica.standing.state).toBe("wanted");
      return snapshot.waitMs;
    });
    expect(waits).toEqual([
      ...Array<number>(limits.snapshotTries - 1).fill(0),
      limits.snapshotWaitMs,
      limits.snapshotWaitMs,
    ]);
    filling.finish();
    expect(snapshot.waitMs).toBe(0);
    await expectReplicated(filling.pair);
  });

  test("when the log no longer reaches back to its beginning, and when it is of a future", () => {
    const filling = new Filling(new Pair(...schema));
    const { log } = filling.pair.primary;
    const { lsn: last, schemaVersion } = log.position;
    const ask = (base: number) => filling.answer({ type: "rows", base: lsn(base), schemaVersion, cursor: startCursor });
    expect(ask(last)).toMatchObject({ ok: true });
    expect(ask(last + 1)).toMatchObject({ code: "snapshot-outdated" });
    log.restart(log.position);
    expect(ask(last - 1)).toMatchObject({ code: "snapshot-outdated" });
    expect(ask(last)).toMatchObject({ ok: true });
  });

  test("when it does not pass the checks, and the replica steps out when that does not help", () => {
    const filling = new Filling(new Pair(...schema));
    const { pair } = filling;
    pair.replica.snapshot.rebuild();
    for (let turn = 0; turn <= limits.snapshotTries; turn += 1) {
      expect(pair.replica.standing).toEqual({ state: "wanted", tries: turn });
      while (filling.pull());
      filling.announce();
      filling.check();
      pair.replicaEngine.run("UPDATE keyed SET v = 100 WHERE id = 3");
      const reply = pair.ship();
      expect(reply).toMatchObject({ ok: false, code: turn < limits.snapshotTries ? "rebuilding" : "diverged" });
    }
    expect(pair.replica.standing).toMatchObject({
      state: "diverged",
      reason: expect.stringContaining("a slice of keyed holds") as string,
    });
    pair.replica.snapshot.rebuild();
    filling.finish();
    expect(pair.ship()).toMatchObject({ ok: true });
  });
});

test("a snapshot does not end at empty tables, however many", async () => {
  const empty = Array.from({ length: 20 }, (_, at) => `CREATE TABLE empty_${at} (a)`);
  const filling = new Filling(
    new Pair(...empty, "CREATE TABLE full (a)", "INSERT INTO full VALUES (1), (2), (3), (4)"),
  );
  filling.pair.replica.snapshot.rebuild();
  while (filling.pull());
  expect(filling.pair.replicaEngine.run("SELECT count(*) FROM full").rows).toEqual([[4]]);
  filling.finish();
  await expectReplicated(filling.pair);
});

test("a snapshot of 50,000 rows of 1 kB comes in pages of bounded size", async () => {
  const pair = new Pair(
    "CREATE TABLE t (id INTEGER PRIMARY KEY, u INTEGER UNIQUE, text)",
    "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 15000) SELECT i, i, hex(zeroblob(500)) FROM n",
  );
  for (const n of [1, 2])
    pair.rows("INSERT INTO t SELECT id + ?1 * 15000, -u - ?1 * 15000, 'x' FROM t WHERE id <= 15000", n);
  pair.rows("INSERT INTO t SELECT id + 45000, id + 45000, 'y' FROM t WHERE id <= 5000");
  const filling = new Filling(pair, sliceSize);
  pair.replica.snapshot.rebuild();
  const sizes: number[] = [];
  while (
    filling.pull((reply) => {
      if (reply.ok) sizes.push(reply.page.length);
      return reply;
    })
  );
  expect(sizes.length).toBeGreaterThanOrEqual(50);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(limits.sliceBytes + 1_000);
  filling.finish();
  await expectReplicated(pair);
}, 60_000);
