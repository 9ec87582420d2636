import { describe, test } from "vitest";

import { SqliteEngine } from "../support/sqlite-engine.ts";
import { engineContract } from "./sql-engine.contract.ts";

describe("node:sqlite, which stands for the Durable Object in unit tests, keeps the promises of the SQL engine", () => {
  test.each(engineContract)("$promise", ({ check }) => check(new SqliteEngine()));
});
