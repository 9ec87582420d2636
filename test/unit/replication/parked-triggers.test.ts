import { describe, expect, test } from "vitest";

import { expectReplicated } from "../../support/expect-replicated.ts";
import { Pair } from "../../support/pair.ts";

/** The triggers of the user, on the primary in the schema, on the replica parked. */
const onPrimary = (pair: Pair) =>
  pair.primaryEngine
    .run("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name NOT GLOB '_trefoil_*' ORDER BY rowid")
    .rows.flat();
const parked = (pair: Pair) => pair.replicaEngine.run("SELECT sql FROM _trefoil_triggers ORDER BY id").rows.flat();

const schema = [
  "CREATE TABLE t (id INTEGER PRIMARY KEY, a)",
  "CREATE TABLE log (what)",
  "CREATE VIEW v (x) AS SELECT a FROM t",
  "CREATE TRIGGER zz AFTER INSERT ON t BEGIN INSERT INTO log VALUES ('zz' || NEW.a); END",
  "CREATE TRIGGER aa AFTER INSERT ON t WHEN NEW.a > 1 BEGIN INSERT INTO log VALUES ('aa'); UPDATE t SET a = 0 WHERE id = NEW.id; END",
  `CREATE TRIGGER "it's ""quoted""" INSTEAD OF INSERT ON v BEGIN INSERT INTO t (a) VALUES (NEW.x); END`,
];

describe("triggers are parked on a replica as the primary has them", () => {
  test("in the order in which they were made, since that is the order in which they fire", async () => {
    const pair = new Pair(...schema, "INSERT INTO v VALUES (1), (2)");
    await expectReplicated(pair);
    expect(parked(pair)).toHaveLength(3);
    expect(parked(pair)).toEqual(onPrimary(pair));
  });

  test.each([
    "ALTER TABLE t RENAME TO s",
    "ALTER TABLE t RENAME COLUMN a TO b",
    "ALTER TABLE t ADD COLUMN c",
    "ALTER TABLE log RENAME TO journal",
    "DROP TRIGGER zz",
    "DROP VIEW v",
    "DROP TABLE t",
    "CREATE TRIGGER mm AFTER DELETE ON t BEGIN DELETE FROM log; END",
    "CREATE INDEX i ON t (a)",
  ])("%s changes them alike", async (sql) => {
    const pair = new Pair(...schema);
    await expectReplicated(pair);
    pair.rows(sql);
    await expectReplicated(pair);
    expect(parked(pair)).toEqual(onPrimary(pair));
    expect(pair.replicaEngine.run("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").rows).toEqual([[0]]);
  });

  test("across restarts", async () => {
    const pair = new Pair(...schema);
    pair.ship();
    pair.restart();
    pair.rows("DROP TRIGGER aa");
    await expectReplicated(pair);
    expect(parked(pair)).toEqual(onPrimary(pair));
  });

  test("and stay parked when a change of schema cannot be replayed", () => {
    const pair = new Pair(...schema);
    pair.ship();
    pair.replicaEngine.run("CREATE TABLE in_the_way (a)");
    pair.rows("CREATE TABLE in_the_way (a)");
    expect(pair.ship()).toMatchObject({ ok: false, code: "stuck" });
    expect(parked(pair)).toEqual(onPrimary(pair));
  });
});
