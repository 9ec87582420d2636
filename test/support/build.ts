import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { bundle } from "../../scripts/bundle.ts";
import { activateSite } from "../../scripts/site.ts";
import { root, workers } from "../../scripts/workers.ts";
import type { Environment } from "../../scripts/wrangler.ts";
import { engineObject } from "../contract/engine-object/worker.ts";
import { fuzzClient } from "./fuzz-client/worker.ts";
import { fuzzDatabase } from "./fuzz-database/worker.ts";
import { sqlClient } from "./sql-client/worker.ts";
import { staticOrigins } from "./static-origin/workers.ts";
import { mockOrigins } from "./mock-origin/workers.ts";
import { bundlePath } from "./site.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The folder with the bundles of this test run. */
    bundles: string;
    /** A folder with the front and control of the site that `short-site/site.config.ts` describes. */
    shortBundles: string;
    /** The same for `balance-site`. */
    balanceBundles: string;
  }
}

/**
 * Bundles every Worker once, before the first test file, so that the tests run what a deploy would upload. The bundles
 * are this run's own: two runs in one tree do not disturb each other.
 *
 * @returns what vitest calls at the end.
 */
export default async function build(project: TestProject): Promise<() => Promise<void>> {
  const shortBundles = await bundleSite("short-site");
  const balanceBundles = await bundleSite("balance-site");
  const { environment } = await activateSite(process.env);
  const bundles = await bundleAll(environment);
  project.provide("bundles", bundles);
  project.provide("shortBundles", shortBundles);
  project.provide("balanceBundles", balanceBundles);
  return async () => {
    for (const folder of [bundles, shortBundles, balanceBundles]) await rm(folder, { recursive: true, force: true });
  };
}

/** Bundles the Workers in which the site configuration has a say, with that of a folder in `test/support`. */
async function bundleSite(name: string): Promise<string> {
  const { environment } = await activateSite({
    ...process.env,
    SITE_CONFIG: `${root}test/support/${name}/site.config.ts`,
  });
  return bundleAll(
    environment,
    workers.filter(({ name }) => name === "front" || name === "control"),
  );
}

/**
 * Bundles Workers into a new folder and returns its path. Removing it is the caller's.
 *
 * @param some all that a test may start, the mocks included, if not said otherwise.
 */
export async function bundleAll(
  environment: Environment,
  some = [...workers, ...mockOrigins, ...staticOrigins, sqlClient, fuzzClient, fuzzDatabase, engineObject],
): Promise<string> {
  await mkdir(`${root}.trefoil`, { recursive: true });
  const folder = await mkdtemp(`${root}.trefoil/test-`);
  const programs = new Map(some.map((worker) => [bundlePath(worker.config), worker]));
  try {
    await Promise.all(Array.from(programs, ([path, worker]) => bundle(worker, join(folder, path), environment)));
    return folder;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
