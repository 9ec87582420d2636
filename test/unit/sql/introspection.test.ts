import { describe, expect, test } from "vitest";

import { parseStatement } from "../../../shared/sql/statement.ts";
import { Pair } from "../../support/pair.ts";
import { SqliteEngine } from "../../support/sqlite-engine.ts";

const schema = [
  "CREATE TABLE post (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT UNIQUE, body)",
  "CREATE TABLE tag (post REFERENCES post ON DELETE CASCADE, name, PRIMARY KEY (post, name)) WITHOUT ROWID",
  "CREATE TRIGGER post_touch AFTER UPDATE ON post BEGIN SELECT 1; END",
  "CREATE INDEX tag_name ON tag (name)",
  "CREATE VIEW titles AS SELECT title FROM post",
  "CREATE TRIGGER titles_insert INSTEAD OF INSERT ON titles BEGIN INSERT INTO post (title) VALUES (NEW.title); END",
  "CREATE TABLE latest (id INTEGER PRIMARY KEY, u UNIQUE ON CONFLICT REPLACE)",
  "ALTER TABLE post RENAME COLUMN body TO text",
];

/** Plain SQLite with the same schema. */
const plain = new SqliteEngine();
for (const sql of schema) plain.run(sql);
const pair = new Pair(...schema);
pair.ship();

const onReplica = (sql: string, ...parameters: string[]) => {
  const outcome = pair.replica.query([{ sql, parameters }]);
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.results[0]?.rows;
};

const queries = [
  "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type = 'trigger'",
  "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type = 'trigger'",
  "SELECT count(*) FROM sqlite_master",
  "SELECT m.name FROM main.\"sqlite_master\" AS m WHERE m.type = 'table' ORDER BY name",
  "SELECT name FROM [sqlite_master] NOT INDEXED WHERE `sqlite_master`.type = 'trigger' ORDER BY 1",
  "SELECT name FROM 'sqlite_master' WHERE type IN ('view', 'trigger') ORDER BY name",
  "SELECT SQLITE_MASTER.name FROM SQLITE_MASTER WHERE name NOT LIKE 'sqlite_%' ORDER BY sqlite_master.name",
  "SELECT name FROM main.sqlite_schema, (SELECT max(length(sql)) FROM sqlite_master) ORDER BY name",
  "WITH t AS (SELECT name FROM sqlite_master WHERE type = 'table') SELECT * FROM t ORDER BY name",
  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i, name FROM n, sqlite_master ORDER BY 1, 2",
  "SELECT m.name, c.name, c.type, c.pk FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c ORDER BY 1, 2",
  "SELECT m.name, i.name FROM sqlite_master m LEFT JOIN pragma_index_list(m.name) i ORDER BY 1, 2",
  "SELECT schema, name, type, ncol, wr, strict FROM pragma_table_list ORDER BY name",
  "SELECT t.name FROM main.pragma_table_list() AS t WHERE t.type = 'table' ORDER BY 1",
  "SELECT name, wr FROM pragma_table_list('tag'), (SELECT 1)",
  "SELECT name FROM pragma_table_info('_trefoil_dirty')",
  "SELECT count(*) FROM pragma_table_xinfo('_TREFOIL_dirty')",
  "SELECT count(*) FROM pragma_table_info('_trefoil_' || 'dirty')",
  "SELECT c.name FROM (SELECT '_trefoil_state' AS t UNION ALL SELECT 'tag') AS s JOIN pragma_table_info(s.t) AS c",
  "SELECT s.t, c.name FROM (SELECT '_cf_KV' AS t UNION ALL SELECT 'tag') AS s LEFT JOIN pragma_table_xinfo(lower(t), 'main') AS c",
  "SELECT (SELECT group_concat(name) FROM pragma_index_info((SELECT max(name) FROM pragma_index_list(lower('TAG'))))) AS it",
  "SELECT name FROM pragma_index_info('sqlite_autoindex__trefoil_state_1')",
  "SELECT count(*) FROM pragma_index_xinfo('sqlite_autoindex__TREFOIL_' || 'state_1')",
  "SELECT name FROM pragma_index_info('sqlite_autoindex_tag_1')",
  "SELECT pragma_table_info.name FROM pragma_table_info('tag') WHERE name <> 'pragma_table_info'",
  "SELECT count(*) FROM pragma_table_info(NULL)",
  "PRAGMA index_info(sqlite_autoindex__trefoil_state_1)",
  "PRAGMA index_info(sqlite_autoindex_tag_1)",
  "SELECT EXISTS (SELECT * FROM sqlite_master WHERE name LIKE '\\_trefoil\\_%' ESCAPE '\\')",
  "SELECT * FROM sqlite_master WHERE 0",
  "PRAGMA table_info(post)",
  "PRAGMA table_info('_trefoil_dirty')",
  "PRAGMA main.table_xinfo(_trefoil_log_0)",
  "PRAGMA index_list(post)",
  "PRAGMA foreign_key_list(tag)",
  "SELECT '_trefoil_dirty', 'sqlite_master'",
] as const;

describe.each(queries)("%s", (sql) => {
  const { rows } = plain.run(sql);

  test("says on the primary and on a replica what plain SQLite says of the user's schema", () => {
    expect(pair.rows(sql)).toEqual(rows);
    expect(onReplica(sql)).toEqual(rows);
  });
});

test("the list of tables of PRAGMA table_list holds the user's", () => {
  const { rows, columns } = plain.run("PRAGMA table_list");
  const sorted = (found: readonly (readonly unknown[])[] | undefined) => found?.map((row) => row.join()).sort();
  for (const sql of ["PRAGMA table_list", "PRAGMA main.table_list"]) {
    expect(sorted(pair.rows(sql))).toEqual(sorted(rows));
    expect(sorted(onReplica(sql))).toEqual(sorted(rows));
  }
  expect(pair.execute("PRAGMA table_list")).toMatchObject({ results: [{ columns }] });
});

test("without an order the objects come as they were made, triggers last, with the same rowids on every node", () => {
  const sql = "SELECT rowid, name, type FROM sqlite_master";
  expect(onReplica(sql)).toEqual(pair.rows(sql));
  expect(
    onReplica(sql)
      ?.map(([, , type]) => type)
      .join(),
  ).toMatch(/^[^r]*(,trigger)+$/);
});

test("parameters, EXPLAIN, writes and CREATE TABLE AS see the same", () => {
  expect(pair.rows("SELECT name FROM sqlite_master WHERE type = ? AND length(name) > ?", "view", 1)).toEqual([
    ["titles"],
  ]);
  expect(pair.rows("EXPLAIN QUERY PLAN SELECT name FROM sqlite_master").length).toBeGreaterThan(0);
  const other = new Pair(...schema);
  other.rows("CREATE TABLE found AS SELECT name FROM sqlite_master");
  other.rows("CREATE TABLE again AS WITH x AS (SELECT name FROM sqlite_master) SELECT * FROM x");
  other.rows("INSERT INTO found SELECT 'again ' || name FROM sqlite_master WHERE type = 'view'");
  other.rows("UPDATE found SET name = (SELECT max(name) FROM sqlite_schema) WHERE name = 'again titles'");
  expect(other.rows("SELECT count(*) FROM found WHERE name LIKE '\\_trefoil%' ESCAPE '\\'")).toEqual([[0]]);
  expect(other.rows("SELECT count(*) FROM found")).toEqual([
    [plain.run("SELECT count(*) + 1 FROM sqlite_master").rows[0]?.[0]].map((count) => Number(count)),
  ]);
  expect(other.execute("DELETE FROM sqlite_master")).toMatchObject({ ok: false, code: "sql-error" });
});

test.each([
  "CREATE VIEW v AS SELECT name FROM sqlite_master",
  "CREATE TRIGGER t AFTER INSERT ON post BEGIN DELETE FROM tag WHERE name IN (SELECT name FROM sqlite_schema); END",
])("refused, since what is stored is not rewritten: %s", (sql) => {
  expect(pair.execute(sql)).toMatchObject({ ok: false, code: "statement-refused" });
});

describe("the argument of a pragma function may be a parameter", () => {
  const functions = ["table_info", "table_xinfo", "index_list", "foreign_key_list", "index_info", "index_xinfo"];
  const names = ["tag", "post", "sqlite_autoindex_tag_1", "tag_name", "_trefoil_state", "_Trefoil_DIRTY"];
  const system = ["_cf_METADATA", "sqlite_autoindex__trefoil_state_1", "sqlite_autoindex__TREFOIL_state_1"];

  test.each(functions)("of pragma_%s: a name of the system stands for nothing", (name) => {
    for (const argument of ["?", "?1", "?2", "?, 'main'", ":name", "trim(?)", "+?"])
      for (const asked of [...names, ...system]) {
        const sql = `SELECT f.* FROM pragma_${name}(${argument}) AS f`;
        const parameters = argument === "?2" ? ["unused", asked] : [asked];
        const { rows } = plain.run(sql, ...parameters);
        expect(pair.rows(sql, ...parameters)).toEqual(rows);
        expect(onReplica(sql, ...parameters)).toEqual(rows);
      }
  });

  test("also of pragma_table_list, for which NULL would mean all tables; to other pragmas NULL stays NULL", () => {
    const listed = (value: string | null) => pair.rows("SELECT name FROM pragma_table_list(?)", value);
    expect([listed("tag"), listed("_trefoil_state")]).toEqual([[["tag"]], []]);
    expect(listed(null)).toEqual([]);
    expect(pair.rows("SELECT * FROM pragma_quick_check(?)", null)).toEqual([["ok"]]);
  });
});

test.each([
  "SELECT name FROM pragma_table_info WHERE arg = ?",
  "SELECT name FROM pragma_index_list() WHERE arg = ?",
  "SELECT name FROM 'pragma_table_xinfo' AS p WHERE p.arg = ?",
  "SELECT name FROM main.[PRAGMA_foreign_key_list] WHERE arg = ?",
  "SELECT 1 FROM post, pragma_index_info ON arg = ?",
])("a pragma function without its argument is refused: %s", (sql) => {
  expect(pair.execute(sql, "_trefoil_state")).toMatchObject({ ok: false, code: "statement-refused" });
});

test.each<[allowed: string, refused: string]>([
  [
    "CREATE VIEW v AS SELECT * FROM pragma_table_info('tag')",
    "CREATE VIEW w AS SELECT * FROM v, pragma_table_info(v.name)",
  ],
  [
    "CREATE TRIGGER a AFTER INSERT ON post BEGIN SELECT 1 FROM pragma_index_list('tag'); END",
    "CREATE TRIGGER b AFTER INSERT ON post BEGIN SELECT 1 FROM pragma_index_list(NEW.title); END",
  ],
])("what is stored calls a pragma function with a string: %s", (allowed, refused) => {
  const other = new Pair(...schema);
  expect(other.execute(allowed)).toMatchObject({ ok: true });
  expect(other.execute(refused)).toMatchObject({ ok: false, code: "statement-refused" });
});

describe("a string may say anything where it is data", () => {
  test.each([
    "SELECT '_trefoil_dirty'",
    "SELECT 1, '_cf_x' FROM t",
    "SELECT * FROM t WHERE a = '_trefoil_x' AND b IN ('_cf_a', '_trefoil_b')",
    "INSERT INTO t VALUES ('_trefoil_x', '_cf_y')",
    "INSERT INTO t SELECT 'a', '_trefoil_x' FROM u, v",
    "SELECT * FROM u JOIN v ON u.a = f(v.b, '_trefoil_x')",
    "SELECT * FROM json_each('_trefoil_x'), t ORDER BY a, '_trefoil_y'",
    "SELECT a IS DISTINCT FROM '_trefoil_x'",
    "UPDATE t SET a = '_trefoil_x', b = replace(b, 'x', '_cf_y')",
    "CREATE TABLE t (a DEFAULT '_trefoil_x' CHECK (a <> '_cf_y'))",
    "SELECT CASE WHEN a THEN '_trefoil_x' ELSE '_trefoil_y' END || '_trefoil_z' LIKE '_trefoil_%'",
  ])("%s", (sql) => {
    expect(parseStatement(sql)).toMatchObject({ sql });
  });

  test.each([
    "SELECT * FROM '_trefoil_dirty'",
    "SELECT * FROM a, '_trefoil_dirty'",
    "SELECT * FROM ('_trefoil_dirty')",
    "SELECT * FROM (a, '_trefoil_dirty')",
    "SELECT * FROM a JOIN ('_trefoil_dirty')",
    "SELECT * FROM a JOIN b ON a.x IN (1, 2), '_trefoil_dirty'",
    "SELECT * FROM f(1, 2), '_trefoil_dirty'",
    "SELECT (SELECT a FROM '_trefoil_dirty')",
    "SELECT main.'_trefoil_dirty'.id FROM x",
    "SELECT '_trefoil_dirty'.id FROM x",
    "SELECT * FROM main.'_trefoil_dirty'",
    "INSERT INTO '_trefoil_dirty' VALUES (1)",
    "INSERT OR REPLACE INTO '_trefoil_dirty' VALUES (1)",
    "UPDATE OR IGNORE '_trefoil_dirty' SET a = 1",
    "UPDATE '_trefoil_dirty' SET a = 1",
    "DELETE FROM '_trefoil_dirty'",
    "DROP TABLE IF EXISTS '_trefoil_dirty'",
    "DROP TRIGGER '_trefoil_insert_t'",
    "CREATE TABLE '_trefoil_dirty' (a)",
    "CREATE TABLE t (a REFERENCES '_trefoil_dirty')",
    "CREATE INDEX i ON '_trefoil_dirty' (tbl)",
    "ALTER TABLE t RENAME TO '_trefoil_x'",
    "ALTER TABLE '_trefoil_x' RENAME TO t",
    "REINDEX '_trefoil_dirty'",
  ])("and names an object here: %s", (sql) => {
    expect(parseStatement(sql)).toMatchObject({ refused: expect.stringContaining("is kept for the system") as string });
  });
});
