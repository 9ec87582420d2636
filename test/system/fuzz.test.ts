import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";

import { generate } from "../fuzz/generate.ts";
import { snapshotsIn, statementsIn, type History } from "../fuzz/history.ts";
import { runOnPair } from "../fuzz/pair-run.ts";
import { runOnSite, startFuzzSite } from "../fuzz/site-run.ts";
import type { TestSite } from "../support/site.ts";

const folder = new URL("../fuzz/seeds/", import.meta.url);
const kept = readdirSync(folder).map((name) => ({
  name,
  history: (JSON.parse(readFileSync(new URL(name, folder), "utf8")) as { history: History }).history,
}));

const schemas = 500;

/** Two sites: while one waits for a node that was restarted, the other works. */
let sites: TestSite[];
beforeAll(async () => {
  sites = await Promise.all([startFuzzSite(), startFuzzSite()]);
});
afterAll(() => Promise.all(sites.map((site) => site.close())));

test.each(kept)("$name, which failed once, leaves every replica equal to the primary", async ({ history }) => {
  for (const site of sites.slice(0, 1)) expect((await runOnSite(site, history)).problem).toBeNull();
  expect((await runOnPair(history)).problem).toBeNull();
});

test(`${schemas} random schemas with 100 random statements each leave every replica equal to the primary, to the bit`, async () => {
  const total = { statements: 0, snapshots: 0, committed: 0, batches: 0 };
  let seed = 0;
  const play = async (site: TestSite) => {
    while (seed < schemas) {
      const mine = (seed += 1);
      const history = generate(mine);
      const { problem, committed, batches } = await runOnSite(site, history);
      expect(problem, `seed ${mine}`).toBeNull();
      total.statements += statementsIn(history);
      total.snapshots += snapshotsIn(history);
      total.committed += committed;
      total.batches += batches;
    }
  };
  await Promise.all(sites.map(play));
  expect(total.statements).toBeGreaterThanOrEqual(50_000);
  expect(total.snapshots).toBeGreaterThan(300);
  expect(total.committed / total.batches).toBeGreaterThan(0.5);
}, 600_000);
