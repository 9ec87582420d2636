import { mkdir, rename, writeFile } from "node:fs/promises";
import * as v from "valibot";
import { unstable_readConfig as readConfig } from "wrangler";
import { type Site, SiteConfigError } from "../shared/config/site.ts";
import { readSiteFile, refusal, siteFile } from "./site-file.ts";
import type { Environment } from "./wrangler.ts";
import { root } from "./workers.ts";

/** The site configuration in use, and the environment in which wrangler builds it into every Worker. */
export interface ActiveSite {
  readonly site: Site;
  /** The file that it comes from, absolute. */
  readonly file: string;
  readonly environment: Environment;
}

/**
 * Makes the file that SITE_CONFIG names, else `site.config.ts`, the configuration of all Workers that are built in the
 * environment which this returns. A file other than `site.config.ts` reaches them through the import `#site` under the
 * build condition `trefoil-site` (package.json, "imports"), as the value that was checked here.
 *
 * @throws {SiteConfigError} if the file cannot be loaded or holds a wrong value; the message is for the user.
 */
export async function activateSite(environment: Environment): Promise<ActiveSite> {
  const file = siteFile(environment);
  const site = await loadSite(file);
  if (!environment["SITE_CONFIG"]) return { site, file, environment };
  await writeActive(site);
  return {
    site,
    file,
    environment: { ...environment, WRANGLER_BUILD_CONDITIONS: "trefoil-site,workerd,worker,browser" },
  };
}

/**
 * Loads and checks one site configuration.
 *
 * @throws {SiteConfigError} if it cannot be loaded or holds a wrong value; the message names the file and is for the user.
 */
async function loadSite(file: string): Promise<Site> {
  const site = await readSiteFile(file);
  try {
    checkBindings(site);
  } catch (error) {
    throw refusal(file, error);
  }
  return site;
}

/**
 * Every server that is a Worker needs its service binding in the front's `wrangler.toml`: only here are both at hand.
 * Control is no server: it trusts whoever reaches it.
 */
function checkBindings({ pools }: Site): void {
  const { services } = v.parse(servicesSchema, readConfig({ config: `${root}wrangler.toml` }, { hideWarnings: true }));
  const bindings = services.filter(({ service }) => service !== "control").map(({ binding }) => binding);
  for (const [pool, { servers }] of Object.entries(pools))
    for (const [index, { binding }] of servers.entries())
      if (binding !== undefined && !bindings.includes(binding))
        throw new SiteConfigError(
          `pools.${pool}.servers[${index}].binding: found "${binding}", allowed: ${bindings.join(", ")}`,
        );
}

/** The part of wrangler's reading that matters here: wrangler publishes no types for it. */
const servicesSchema = v.object({
  services: v.optional(v.array(v.object({ binding: v.string(), service: v.string() })), []),
});

/** Written whole or not at all: a `wrangler dev` that watches the file never sees half of it. */
async function writeActive(site: Site): Promise<void> {
  await mkdir(`${root}.trefoil`, { recursive: true });
  const draft = `${root}.trefoil/site.${process.pid}.ts`;
  await writeFile(draft, `export default ${JSON.stringify(site, null, 2)};\n`);
  await rename(draft, `${root}.trefoil/site.ts`);
}
