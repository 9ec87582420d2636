import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Argument } from "../../../shared/sql/parameters.ts";
import type { SqlEngine } from "../../../shared/sql/engine.ts";
import { CheckRounds } from "../../../shared/replication/check-round.ts";
import { expectReplicated } from "../../support/expect-replicated.ts";
import { Pair } from "../../support/pair.ts";

const post = "CREATE TABLE post (id INTEGER PRIMARY KEY, title TEXT, body TEXT, live INT DEFAULT 1)";
const outer = "CREATE VIRTUAL TABLE post_fts USING fts5(title, body, content='post', content_rowid='id')";
const own =
  "CREATE VIRTUAL TABLE note USING fts5(title, body, tag UNINDEXED, prefix='2 3', tokenize='porter unicode61')";
const gone = "INSERT INTO post_fts(post_fts, rowid, title, body) VALUES ('delete', OLD.id, OLD.title, OLD.body)";
const here = "INSERT INTO post_fts(rowid, title, body) VALUES (NEW.id, NEW.title, NEW.body)";
/** The triggers that the manual of FTS5 gives for external content tables. */
const keepUp = [
  `CREATE TRIGGER post_ai AFTER INSERT ON post BEGIN ${here}; END`,
  `CREATE TRIGGER post_ad AFTER DELETE ON post BEGIN ${gone}; END`,
  `CREATE TRIGGER post_au AFTER UPDATE ON post BEGIN ${gone}; ${here}; END`,
];
/** The same for a table that holds its own rows, of posts that are live only. */
const keepOwn = [
  "CREATE TRIGGER note_ai AFTER INSERT ON post WHEN NEW.live BEGIN INSERT INTO note(rowid, title, body) SELECT NEW.id, NEW.title, lower(NEW.body) WHERE NEW.title IS NOT NULL; END",
  "CREATE TRIGGER note_ad AFTER DELETE ON post BEGIN DELETE FROM note WHERE rowid = OLD.id; END",
  "CREATE TRIGGER note_au AFTER UPDATE OF title, body ON post FOR EACH ROW WHEN OLD.title IS NOT NEW.title BEGIN UPDATE note SET title = NEW.title || ' x', tag = OLD.id WHERE rowid = NEW.id; END",
];
const vocabularies = (table: string) =>
  ["row", "col", "instance"].map((kind) => `CREATE VIRTUAL TABLE ${table}_${kind} USING fts5vocab(${table}, ${kind})`);

const words = ["red", "blue", "greens", "running", "run", "ran", "über", "x"];
const queries = [
  ...words,
  "red OR blue",
  "re*",
  "ru* NOT run",
  '"red blue"',
  "NEAR(red run, 2)",
  "title : x",
  "{title body} : gre*",
];

/** What a full-text table answers: which rows, in which order, how it shows them, and how often each word occurs where. */
function answers(engine: SqlEngine, table: string): unknown {
  const rows = (sql: string, ...binds: string[]) => {
    try {
      return engine.run(sql, ...binds).rows;
    } catch (error) {
      // An index that has lost touch with its content, for want of a trigger, answers so: then on every node.
      return String(error);
    }
  };
  return [
    ...queries.map((query) =>
      rows(
        `SELECT rowid, bm25(${table}), rank, snippet(${table}, 0, '<', '>', '...', 4), highlight(${table}, 1, '[', ']') FROM ${table}(?) ORDER BY rank, rowid`,
        query,
      ),
    ),
    ...["row", "col", "instance"].map((kind) => rows(`SELECT * FROM ${table}_${kind}`)),
  ];
}

async function expectSameAnswers(pair: Pair, ...tables: string[]): Promise<void> {
  await expectReplicated(pair);
  for (const table of tables) expect(answers(pair.replicaEngine, table)).toEqual(answers(pair.primaryEngine, table));
}

test("a full-text table answers the same on every node, filled by statements of its own or by triggers", async () => {
  const pair = new Pair(post, outer, own, ...keepUp, ...keepOwn, ...vocabularies("post_fts"), ...vocabularies("note"));
  pair.rows(
    "INSERT INTO post VALUES (1, 'red blue', 'run run', 1), (2, 'red', 'running greens', 0), (3, 'über x', 'ran', 1)",
  );
  pair.rows("INSERT INTO note VALUES (?, 'Red RUNNING', 5)", "blue greens");
  await expectSameAnswers(pair, "post_fts", "note");
  expect(pair.replicaEngine.run("SELECT rowid FROM note('run') ORDER BY rowid").rows).toEqual([[1], [4]]);
  expect(pair.replicaEngine.run("SELECT rowid FROM post_fts('red')").rows).toEqual([[1], [2]]);
  pair.batch(
    ["UPDATE post SET title = 'blue' WHERE id = 1"],
    ["UPDATE post SET title = 'x red' WHERE id = 1"],
    ["DELETE FROM post WHERE id = 3"],
  );
  await expectSameAnswers(pair, "post_fts", "note");
});

const word = fc.constantFrom(...words);
const text = fc.array(word, { minLength: 1, maxLength: 4 }).map((some) => some.join(" "));
const id = fc.integer({ min: 1, max: 6 });
const step = (sql: string, ...values: fc.Arbitrary<Argument>[]) => fc.tuple(fc.constant(sql), ...values);
const steps = [
  step("INSERT INTO post (title, body, live) VALUES (?, ?, ?)", text, text, fc.nat(1)),
  step("INSERT OR IGNORE INTO post VALUES (?, ?, ?, 1)", id, text, text),
  step("INSERT INTO post VALUES (?, ?, 'red', 1) ON CONFLICT (id) DO UPDATE SET title = excluded.title", id, text),
  step("UPDATE post SET title = ?, body = ? WHERE id = ?", text, text, id),
  step("UPDATE post SET id = id + ? WHERE id = ?", id, id),
  step("UPDATE post SET live = 1 - live"),
  step("DELETE FROM post WHERE id = ?", id),
  step("DELETE FROM post"),
  step("INSERT INTO note VALUES (?, ?, abs(random()) % 9)", text, text),
  step("INSERT OR REPLACE INTO note(rowid, title, body) VALUES (?, ?, hex(randomblob(2)))", id, text),
  step("INSERT OR IGNORE INTO note(body, rowid) VALUES (?, ?), (?, ?)", text, id, text, id),
  step("REPLACE INTO note(rowid, title) SELECT id, title FROM post ORDER BY random() LIMIT 2"),
  step("INSERT INTO note(title) SELECT body FROM post ORDER BY random()"),
  step("UPDATE note SET title = title || ' ' || ?, tag = random() WHERE note MATCH ?", word, word),
  step("UPDATE OR REPLACE note SET rowid = ? WHERE rowid = ?", id, id),
  step("UPDATE OR IGNORE note SET rowid = rowid + 1"),
  step("DELETE FROM note WHERE rowid = ?", id),
  step("DELETE FROM note WHERE note MATCH ?", word),
  step("DELETE FROM note AS n WHERE n.rowid IN (SELECT rowid FROM note ORDER BY random() LIMIT 1)"),
  step("INSERT INTO note(note) VALUES ('optimize')"),
  step("INSERT INTO note(note, rank) VALUES ('merge', 8)"),
  step("INSERT INTO note(note, rank) VALUES ('rank', ?)", fc.constantFrom("bm25(10.0, 5.0)", "bm25(1.0, 2.0)")),
  step("INSERT INTO note(note, rank) VALUES ('automerge', 4)"),
  step("INSERT INTO note(note) VALUES ('rebuild')"),
  step("INSERT INTO note(note) VALUES ('integrity-check')"),
  step("INSERT INTO post_fts(post_fts) VALUES ('rebuild')"),
  step("INSERT INTO post_fts(post_fts) VALUES ('delete-all')"),
  step("INSERT INTO post_fts(rowid, title, body) SELECT id, title, body FROM post WHERE id = ?", id),
  step("DELETE FROM post_fts WHERE rowid = ?", id),
  step("INSERT INTO note(nothing) VALUES (1)"),
  step("DROP TRIGGER IF EXISTS post_au"),
  step(keepUp[2] ?? ""),
  step("ALTER TABLE post RENAME COLUMN live TO shown"),
  step("ALTER TABLE post RENAME COLUMN shown TO live"),
  step("ALTER TABLE post ADD COLUMN more"),
  step("ALTER TABLE post DROP COLUMN more"),
];

/** Leaves an index so far from its content that SQLite calls it malformed when it is asked, on every node. */
const malformed = [
  [["INSERT INTO post VALUES (?, ?, 'red', 1) ON CONFLICT (id) DO UPDATE SET title = excluded.title", 5, "red"]],
  [
    ["INSERT INTO post_fts(post_fts) VALUES ('delete-all')"],
    ["INSERT INTO post (title, body, live) VALUES (?, ?, ?)", "red", "x", 0],
    ["INSERT INTO note(note) VALUES ('rebuild')"],
  ],
  [["DELETE FROM post_fts WHERE rowid = ?", 5]],
  [["DELETE FROM post"]],
  [["INSERT INTO post (title, body, live) VALUES (?, ?, ?)", "red", "red", 0]],
  [["INSERT OR IGNORE INTO post VALUES (?, ?, ?, 1)", 1, "red", "red"]],
] satisfies [string, ...Argument[]][][];

test("under random writes, batches, failures and restarts", { timeout: 60_000 }, async () => {
  const batch = fc.array(fc.oneof(...steps), { minLength: 1, maxLength: 4 });
  const event = fc.oneof({ weight: 12, arbitrary: batch }, { weight: 1, arbitrary: fc.constant("restart" as const) });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 10, maxLength: 30, size: "max" }), async (history) => {
      const pair = new Pair(
        post,
        outer,
        own,
        ...keepUp,
        ...keepOwn,
        ...vocabularies("post_fts"),
        ...vocabularies("note"),
      );
      for (const happening of history) {
        if (happening === "restart") pair.restart();
        else pair.batch(...happening);
        await expectSameAnswers(pair, "post_fts", "note");
      }
    }),
    { numRuns: 40, examples: [[malformed]] },
  );
});

test("other tokenizers, renames and drops", async () => {
  const pair = new Pair(
    post,
    "CREATE VIRTUAL TABLE a USING fts5(title, body, tokenize = 'trigram')",
    ...vocabularies("a"),
  );
  pair.rows("INSERT INTO a VALUES ('red blue', 'greens running'), ('blue', 'ran')");
  await expectSameAnswers(pair, "a");
  pair.rows("CREATE TRIGGER t AFTER INSERT ON post BEGIN INSERT INTO a(rowid, title) VALUES (NEW.id, NEW.title); END");
  for (const kind of ["row", "col", "instance"]) pair.rows(`DROP TABLE a_${kind}`);
  pair.rows("ALTER TABLE a RENAME TO b");
  pair.batch(["INSERT INTO post (id, title) VALUES (9, 'red')"], ["INSERT INTO b VALUES ('blue', 'x')"]);
  await expectReplicated(pair);
  expect(pair.replicaEngine.run("SELECT rowid FROM b('blue') ORDER BY rowid").rows).toEqual([[1], [2], [10]]);
  pair.batch(["DROP TRIGGER t"], ["DROP TABLE b"], ["INSERT INTO post (title) VALUES ('after')"]);
  await expectReplicated(pair);
  expect(pair.primaryEngine.run("SELECT name FROM sqlite_master WHERE name LIKE '%search%t'").rows).toEqual([]);
});

test("a statement of its own says how many rows it wrote, and the last rowid", () => {
  const pair = new Pair(own);
  expect(pair.execute("INSERT INTO note(title) VALUES ('a'), ('b')")).toMatchObject({
    results: [{ kind: "write", changes: 2, lastRowId: 2 }],
  });
  expect(pair.execute("UPDATE note SET title = 'c'")).toMatchObject({ results: [{ changes: 2 }] });
  expect(pair.execute("DELETE FROM note WHERE rowid > 5")).toMatchObject({ results: [{ changes: 0 }] });
  const { position } = pair.primary.log;
  expect(pair.execute("INSERT OR IGNORE INTO note(rowid, title) VALUES (1, 'x')")).toMatchObject({
    results: [{ changes: 0 }],
  });
  expect(pair.execute("UPDATE OR IGNORE note SET rowid = 1 WHERE rowid = 2")).toMatchObject({
    results: [{ changes: 0 }],
  });
  expect(pair.execute("DELETE FROM note WHERE note MATCH '\"'")).toMatchObject({ ok: false, code: "sql-error" });
  expect(pair.primary.log.position).toEqual(position);
});

test("a row without a rowid gets one that is the same everywhere; a trigger has to give it", async () => {
  const pair = new Pair(
    own,
    "CREATE TABLE t (a)",
    "INSERT INTO note(rowid, title) VALUES (9223372036854775807, 'last')",
  );
  pair.rows("INSERT INTO note(rowid, title) VALUES (NULL, 'anywhere')");
  await expectReplicated(pair);
  pair.rows("CREATE TRIGGER t_note AFTER INSERT ON t BEGIN INSERT INTO note(rowid, title) VALUES (NEW.a, 'x'); END");
  pair.rows("INSERT INTO t VALUES (7)");
  expect(pair.execute("INSERT INTO t VALUES (NULL)")).toMatchObject({
    ok: false,
    message: "a row that a trigger writes to an FTS5 table needs a rowid",
  });
  await expectReplicated(pair);
});

describe("a batch that makes a full-text table, fills it and gives it commands", () => {
  const batch = [
    [outer],
    [own],
    ["INSERT INTO post_fts(post_fts) VALUES ('rebuild')"],
    ["INSERT INTO note(title) VALUES ('red')"],
    ["INSERT INTO post_fts(post_fts) VALUES ('optimize')"],
  ] as const satisfies [string][];

  test("is one transaction, in whatever company", async () => {
    const pair = new Pair(post, "INSERT INTO post VALUES (1, 'red blue', 'run run', 1)");
    expect(pair.batch(...batch, ["DROP TABLE note"], ["INSERT INTO post (id) VALUES (2)"])).toMatchObject({ ok: true });
    for (const table of vocabularies("post_fts")) pair.rows(table);
    await expectSameAnswers(pair, "post_fts");
  });

  test("leaves nothing when it fails, and the node goes on", async () => {
    const pair = new Pair(
      post,
      "CREATE VIRTUAL TABLE earlier USING fts5(a)",
      "INSERT INTO post VALUES (1, 'red blue', 'run run', 1)",
    );
    const { position } = pair.primary.log;
    expect(pair.batch(...batch, ["INSERT INTO nowhere VALUES (1)"])).toMatchObject({ ok: false, code: "sql-error" });
    expect(pair.primary.log.position).toEqual(position);
    expect(pair.batch(...batch)).toMatchObject({ ok: true });
    await expectReplicated(pair);
  });

  test("leaves nothing on a replica either whose check behind it fails, and that remembers what was found", () => {
    const pair = new Pair(post, "INSERT INTO post VALUES (1, 'red blue', 'run run', 1)");
    pair.ship();
    pair.replicaEngine.run("UPDATE post SET title = 'other'");
    pair.batch(...batch);
    const rounds = new CheckRounds(pair.primaryEngine, pair.primary);
    rounds.next(0);
    expect(pair.ship()).toMatchObject({ ok: false, code: "diverged" });
    pair.restart();
    expect(pair.replica.standing).toMatchObject({
      state: "diverged",
      reason: expect.stringContaining("a slice of post holds") as string,
    });
  });
});

describe("refused, with nothing changed:", () => {
  const on = "CREATE TRIGGER t AFTER UPDATE ON post BEGIN";
  test.each([
    ["CREATE VIRTUAL TABLE c USING fts5(a, content='')", "contentless"],
    ['CREATE VIRTUAL TABLE c USING fts5(a, content = "", contentless_delete=1)', "contentless"],
    ["CREATE VIRTUAL TABLE c USING fts5(a, content=_trefoil_dirty)", "kept for the system"],
    ["CREATE VIRTUAL TABLE c USING rtree(id, a, b)", "rtree"],
    ["CREATE VIRTUAL TABLE c USING fts4(a)", "fts4"],
    [`${on} INSERT INTO note(note, rank) VALUES ('rank', NEW.title); END`, "the only command"],
    [`${on} INSERT INTO note(title) VALUES (NEW.title); END`, "does not give the rowid"],
    [`${on} INSERT INTO note(rowid, title) VALUES (NEW.id, random()); END`, "not the same each time"],
    [`${on} INSERT INTO note(rowid, title) SELECT id, title FROM post; END`, "reads other rows"],
    [`${on} INSERT INTO note(rowid, title) VALUES (NEW.id, (SELECT max(title) FROM post)); END`, "reads other rows"],
    [`${on} DELETE FROM note WHERE title = OLD.title; END`, "must end in WHERE rowid"],
    [`${on} DELETE FROM note; END`, "must end in WHERE rowid"],
    [`${on} UPDATE note SET rowid = NEW.id WHERE rowid = OLD.id; END`, "changes a rowid"],
    [`${on} DELETE FROM post_fts WHERE rowid = OLD.id; END`, "'delete' command"],
    [`${on} INSERT OR REPLACE INTO post_fts(rowid, title) VALUES (NEW.id, NEW.title); END`, "resolves conflicts"],
    [`${on} ${here}; UPDATE post SET live = 1; END`, "does other things"],
    [`CREATE TRIGGER t AFTER UPDATE ON post WHEN (SELECT 1) BEGIN ${here}; END`, "condition"],
    ["CREATE TRIGGER t AFTER UPDATE ON post BEGIN SELECT RAISE(IGNORE); END", "RAISE(IGNORE)"],
    ["UPDATE post_fts SET title = 'x'", "indexes what stands elsewhere"],
    ["INSERT INTO note VALUES (1, 2, 3) RETURNING rowid", "RETURNING"],
    ["WITH w AS (SELECT 1 AS a) INSERT INTO note(title) SELECT a FROM w", "WITH into the query"],
    ["INSERT INTO note DEFAULT VALUES", "VALUES or a SELECT"],
    ["UPDATE note SET (title, body) = (1, 2)", "one column at a time"],
    ["REPLACE INTO post VALUES (1, 'a', 'b', 1)", "ON CONFLICT DO UPDATE"],
    ["ALTER TABLE post RENAME TO article", "Drop it first"],
    ["ALTER TABLE post RENAME COLUMN title TO heading", "Drop it first"],
    ["DROP TABLE post", "Drop it first"],
    ["CREATE VIRTUAL TABLE c USING fts5(a, content='nowhere')", "Drop it first"],
    ["CREATE TRIGGER t AFTER INSERT ON note_source BEGIN REPLACE INTO post (id) VALUES (NEW.a); END", "by REPLACE"],
  ])("%s", (sql, reason) => {
    const pair = new Pair(post, outer, own, ...keepUp, "CREATE TABLE note_source (a)");
    const { position } = pair.primary.log;
    expect(pair.execute(sql)).toMatchObject({
      ok: false,
      code: "statement-refused",
      message: expect.stringContaining(reason) as string,
    });
    expect(pair.primary.log.position).toEqual(position);
  });

  test("a trigger that keeps up an index over a table with a REPLACE constraint", () => {
    const pair = new Pair(post.replace("title TEXT", "title TEXT UNIQUE ON CONFLICT REPLACE"), outer);
    expect(pair.execute(keepUp[0] ?? "")).toMatchObject({
      ok: false,
      code: "statement-refused",
      message: expect.stringContaining("table post may take rows out by REPLACE") as string,
    });
  });

  test("but not where the content is there again at the end of the batch", async () => {
    const pair = new Pair(post, outer, "INSERT INTO post VALUES (1, 'red', 'run', 1)");
    const rebuild = [
      [post.replace("post", "draft")],
      ["INSERT INTO draft SELECT * FROM post"],
      ["DROP TABLE post"],
      ["ALTER TABLE draft RENAME TO post"],
      ["INSERT INTO post_fts(post_fts) VALUES ('rebuild')"],
    ] as const satisfies [string][];
    expect(pair.batch(...rebuild)).toMatchObject({ ok: true });
    await expectReplicated(pair);
  });

  test("a command that FTS5 cannot undo, together with other statements", () => {
    const pair = new Pair(own);
    expect(pair.batch(["INSERT INTO note(note, rank) VALUES ('rank', 'bm25(9.0)')"], ["SELECT 1"])).toMatchObject({
      ok: false,
      code: "statement-refused",
      message: expect.stringContaining("alone") as string,
    });
  });

  test("a full-text table that an earlier trigger would write to in such a way", () => {
    const pair = new Pair(
      post,
      "CREATE TRIGGER t AFTER INSERT ON post BEGIN INSERT INTO note(title) VALUES (NEW.title); END",
    );
    expect(pair.execute(own)).toMatchObject({ ok: false, code: "statement-refused" });
  });
});
