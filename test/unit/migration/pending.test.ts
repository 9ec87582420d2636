import { expect, test } from "vitest";

import type { Migration } from "../../../shared/migration/migration.ts";
import { pendingMigrations } from "../../../shared/migration/pending.ts";

const migration = (number: number, name: string): Migration => ({
  number,
  name: `000${number}_${name}`,
  checksum: name.padEnd(16, "0"),
  statements: ["SELECT 1"],
});
const [one, two, three] = [migration(1, "one"), migration(2, "two"), migration(3, "three")];

test("what is not noted is pending, in order", () => {
  expect(pendingMigrations([one, two, three], [])).toEqual({ ok: true, migrations: [one, two, three] });
  expect(pendingMigrations([one, two, three], [one])).toEqual({ ok: true, migrations: [two, three] });
  expect(pendingMigrations([one, two, three], [three, one, two])).toEqual({ ok: true, migrations: [] });
});

test("a database that is ahead of the application lacks nothing", () => {
  expect(pendingMigrations([one], [one, two])).toEqual({ ok: true, migrations: [] });
});

test("a migration that was changed after it was applied is named, whatever else is pending", () => {
  const pending = pendingMigrations([one, { ...two, checksum: "f".repeat(16) }, three], [one, two]);
  expect(!pending.ok && pending.message).toMatch(/^The migration 0002_two\.sql is not the one/);
});

test("another name for the same text is the same migration", () => {
  expect(pendingMigrations([{ ...one, name: "0001_first" }], [one])).toEqual({ ok: true, migrations: [] });
});
