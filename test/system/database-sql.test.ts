import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { limits } from "../../shared/kernel/limits.ts";
import { dump } from "../support/dump.ts";
import { startSite, type TestSite } from "../support/site.ts";
import type { Call } from "../support/sql-client/script.ts";
import { play, readFrom, sqlClient } from "../support/sql-client/worker.ts";

const replicas = ["db-2", "db-3"];

let site: TestSite;
beforeAll(async () => {
  site = await startSite({ add: [sqlClient] });
});
afterAll(() => site.close());

const run = (sql: string, ...values: unknown[]): Call => ({ method: "run", sql, values });
const failure = async (...calls: Call[]) => (await play(site, { calls })).error;

/** Runs statements on the primary, each of which must succeed. */
async function write(...sql: string[]): Promise<void> {
  expect(await failure(...sql.map((text) => run(text)))).toBeUndefined();
}

/** Asks every node until the replicas have what the primary has: the same rows of `sql`. */
async function expectEverywhere(sql: string): Promise<unknown[][]> {
  const wanted = await readFrom(site, "db-1", sql);
  for (const node of replicas)
    await expect.poll(() => readFrom(site, node, sql).catch(String), { timeout: 30_000 }).toEqual(wanted);
  return wanted;
}

async function expectSameDumps(): Promise<void> {
  const of = (node: string) => dump((sql) => readFrom(site, node, sql));
  const primary = await of("db-1");
  for (const node of replicas) await expect.poll(() => of(node), { timeout: 30_000 }).toEqual(primary);
}

const numbers = (count: number) =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) SELECT i`;

describe("a statement that changes very much", () => {
  test("50,000 rows are one transaction on every node, in a record of several parts", async () => {
    await write("CREATE TABLE many (id INTEGER PRIMARY KEY, name TEXT UNIQUE, size REAL)");
    await write(`INSERT INTO many ${numbers(50_000)}, 'row number ' || i || hex(randomblob(8)), i / 7.0 FROM n`);
    await write("UPDATE many SET size = -size, name = upper(name)");
    const sum = "SELECT count(*), sum(size), max(name), sum(length(name)) FROM many";
    expect((await expectEverywhere(sum))[0]?.[0]).toBe(50_000);
    await expectSameDumps();
    await write("DELETE FROM many");
    expect(await expectEverywhere("SELECT count(*) FROM many")).toEqual([[0]]);
  });

  test("past the bound it is undone, says what to do, and the node goes on", async () => {
    const error = await failure(run(`INSERT INTO many(id) ${numbers(limits.transactionRows + 1)} FROM n`));
    expect(error).toMatchObject({
      code: "transaction-too-large",
      message: expect.stringContaining("Split it into batches") as string,
    });
    expect(
      await failure(
        run("INSERT INTO many(size) SELECT zeroblob(1500000) FROM json_each('[1,2,3,4,5,6,7,8,9,10,11,12]')"),
      ),
    ).toMatchObject({
      code: "transaction-too-large",
    });
    expect(await failure(run("INSERT INTO many(size) VALUES (zeroblob(2000001))"))).toMatchObject({
      code: "statement-refused",
    });
    expect(await expectEverywhere("SELECT count(*) FROM many")).toEqual([[0]]);
  });
});

test("an AUTOINCREMENT counter at its end is an error of that statement, and the node keeps what others wrote", async () => {
  await write(
    "CREATE TABLE ended (id INTEGER PRIMARY KEY AUTOINCREMENT, a)",
    "INSERT INTO ended VALUES (9223372036854775807, 1)",
  );
  const outcomes = await Promise.all([
    failure(run("INSERT INTO ended (a) VALUES (2)")),
    failure(run("INSERT INTO ended VALUES (1, 'beside')")),
    failure({ method: "batch", sql: ["DELETE FROM ended WHERE a = 1", "INSERT INTO ended (a) VALUES (3)"] }),
  ]);
  expect(outcomes).toMatchObject([{ code: "sql-error" }, undefined, { code: "sql-error" }]);
  expect(await expectEverywhere("SELECT count(*) FROM ended")).toEqual([[2]]);
  await expectSameDumps();
});

test("integers come as numbers or, if asked, as bigints, and are never rounded", async () => {
  await write(
    "CREATE TABLE large (id INTEGER PRIMARY KEY, n)",
    "INSERT INTO large VALUES (1, 9007199254740993), (2, 9007199254740994.0)",
  );
  const all: Call = { method: "raw", sql: "SELECT n, ? FROM large WHERE n > ? ORDER BY id", values: [7, 1] };
  const exact = await play(site, {
    integers: "bigint",
    calls: [all, run("UPDATE large SET n = n + 1 WHERE id = 1 RETURNING n")],
  });
  expect(exact.results).toMatchObject([
    [
      ["n", "?"],
      [{ big: "9007199254740993" }, { big: "7" }],
      [9007199254740994, { big: "7" }],
    ],
    { results: [{ n: { big: "9007199254740994" } }] },
  ]);
  expect(await failure(all)).toMatchObject({ code: "integer-too-large", retryable: false });
  const rest = await play(site, { calls: [{ method: "first", sql: "SELECT n FROM large WHERE id = 2" }] });
  expect(rest.results).toEqual([{ n: 9007199254740994 }]);
});

describe("what the schema shows", () => {
  const queries = [
    "SELECT type, name, tbl_name, sql FROM sqlite_master",
    "SELECT rowid, name FROM main.sqlite_schema ORDER BY rowid",
    "SELECT m.name, c.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c ORDER BY 1, 2",
    "SELECT name, type, ncol, wr, strict FROM pragma_table_list ORDER BY name",
    "PRAGMA index_list(shown)",
    "PRAGMA table_info('_trefoil_dirty')",
  ];

  test.each(queries)("%s: the user's objects, the same on every node", async (sql) => {
    await write(
      "CREATE TABLE IF NOT EXISTS shown (id INTEGER PRIMARY KEY, u UNIQUE)",
      "CREATE TRIGGER IF NOT EXISTS shown_touch AFTER INSERT ON shown BEGIN SELECT 1; END",
      "CREATE INDEX IF NOT EXISTS shown_u ON shown (u)",
    );
    const rows = await expectEverywhere(sql);
    expect(JSON.stringify(rows)).not.toMatch(/_trefoil_|_cf_/);
    if (sql.includes("sqlite_")) expect(JSON.stringify(rows)).toContain("shown");
  });

  test("PRAGMA table_list", async () => {
    const rows = await readFrom(site, "db-2", "PRAGMA table_list");
    expect(rows.flat()).toContain("shown");
    expect(rows.flat().join()).not.toMatch(/_trefoil_|_cf_/);
  });
});

test("full-text tables answer the same on every node", async () => {
  await write(
    "CREATE TABLE article (id INTEGER PRIMARY KEY, title TEXT, body TEXT)",
    "CREATE VIRTUAL TABLE article_fts USING fts5(title, body, content='article', content_rowid='id', tokenize='porter')",
    "CREATE TRIGGER article_ai AFTER INSERT ON article BEGIN INSERT INTO article_fts(rowid, title, body) VALUES (NEW.id, NEW.title, NEW.body); END",
    "CREATE TRIGGER article_ad AFTER DELETE ON article BEGIN INSERT INTO article_fts(article_fts, rowid, title, body) VALUES ('delete', OLD.id, OLD.title, OLD.body); END",
    "CREATE TRIGGER article_au AFTER UPDATE ON article BEGIN INSERT INTO article_fts(article_fts, rowid, title, body) VALUES ('delete', OLD.id, OLD.title, OLD.body); INSERT INTO article_fts(rowid, title, body) VALUES (NEW.id, NEW.title, NEW.body); END",
    "CREATE VIRTUAL TABLE note USING fts5(text)",
    "CREATE VIRTUAL TABLE words USING fts5vocab(article_fts, instance)",
    "INSERT INTO article (title, body) VALUES ('running', 'red'), ('blue', 'ran and run'), ('red red', 'x')",
    "UPDATE article SET body = body || ' runs' WHERE id <> 2",
    "DELETE FROM article WHERE id = 3",
    "INSERT INTO note SELECT title || ' ' || hex(randomblob(3)) FROM article ORDER BY random()",
    "UPDATE note SET text = text || ' green' WHERE note MATCH 'blue'",
    "INSERT INTO note(note, rank) VALUES ('rank', 'bm25(3.0)')",
  );
  const found = await expectEverywhere(
    "SELECT rowid, rank, snippet(article_fts, 1, '<', '>', '', 3) FROM article_fts('run') ORDER BY rank, rowid",
  );
  expect(new Set(found.map(([rowid]) => rowid))).toEqual(new Set([1, 2]));
  await expectEverywhere("SELECT rowid, rank, text FROM note('green OR blue') ORDER BY rowid");
  await expectEverywhere("SELECT * FROM words");
  await expectSameDumps();
  await site.worker("database").evictDurableObject("DatabaseNode", { name: "db-1" });
  await write("INSERT INTO article (title) VALUES ('run again')", "DROP TABLE words", "DROP TABLE note");
  await expectEverywhere("SELECT rowid, rank FROM article_fts('run') ORDER BY rowid");
});
