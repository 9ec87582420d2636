import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";

import { engineObject } from "../contract/engine-object/worker.ts";
import { engineContract } from "../contract/sql-engine.contract.ts";
import { bundlePath } from "../support/site.ts";

let miniflare: Miniflare;
beforeAll(async () => {
  // Plain Miniflare, without wrangler's development wrappers: as near to production as a local runtime comes.
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: "engine-object",
      modules: true,
      scriptPath: join(inject("bundles"), bundlePath(engineObject.config), "index.js"),
      compatibilityDate: "2026-11-01",
      durableObjects: { ENGINE: { className: "EngineObject", useSQLite: true } },
    }),
  );
  await miniflare.ready;
});
afterAll(() => miniflare.dispose());

describe("the storage of a Durable Object keeps the promises of the SQL engine", () => {
  test.each(engineContract.map(({ promise }, index) => ({ promise, index })))("$promise", async ({ index }) => {
    const response = await miniflare.dispatchFetch(`http://engine/${index}`);
    expect(await response.json()).toBeNull();
  });
});
