import { readdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";

import { startSite, type TestSite } from "../support/site.ts";
import { play, readFrom, sqlClient } from "../support/sql-client/worker.ts";

let site: TestSite;
beforeAll(async () => {
  site = await startSite({ add: [sqlClient] });
});
afterAll(() => site.close());

/** The names of the files in a folder of migrations, without their ending. */
const namesIn = (folder: string) =>
  readdirSync(new URL(`../../workers/origin/${folder}/migrations/`, import.meta.url)).map((name) =>
    name.replace(".sql", ""),
  );

test("the first requests, which reach three new origins at once, find the schema; every file was applied once, on every node", async () => {
  const responses = await Promise.all(Array.from({ length: 12 }, () => site.fetch("/api/posts")));
  expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 200));
  const names = [...namesIn("app"), ...namesIn("server").map((name) => `trefoil_${name}`)].map((name) => [name]);
  for (const node of ["db-1", "db-2", "db-3"])
    await expect.poll(() => readFrom(site, node, "SELECT name FROM trefoil_migrations ORDER BY number")).toEqual(names);
});

test("a database in which another text was applied under a number serves no origin, and its log names the file", async () => {
  const other = await startSite({ add: [sqlClient] });
  try {
    const sql = [
      "create table trefoil_migrations (number integer primary key, name text not null, checksum text not null) strict",
      "insert into trefoil_migrations values (1, '0001_other', 'ffffffffffffffff')",
    ];
    expect((await play(other, { start: "primary", calls: [{ method: "batch", sql }] })).error).toBeUndefined();
    expect((await other.fetch("/api/posts")).status).toBe(500);
    expect(JSON.stringify(other.harness.getLogs())).toContain("The migration 0001_posts.sql is not the one");
    expect((await other.fetch("/api/whoami")).status).toBe(200);
  } finally {
    await other.close();
  }
});
