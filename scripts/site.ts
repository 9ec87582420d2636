import { mkdir, rename, writeFile } from "node:fs/promises";
import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as v from "valibot";
import { unstable_readConfig as readConfig } from "wrangler";
import { readSite, type Site, SiteConfigError } from "../shared/config/site.ts";
import type { Environment } from "./wrangler.ts";
import { root } from "./workers.ts";

/** The site configuration in use, and the environment in which wrangler builds it into every Worker. */
export interface ActiveSite {
  readonly site: Site;
  /** The file that it comes from, absolute. */
  readonly file: string;
  readonly environment: Environment;
}

/** A configuration may stand anywhere, also where `trefoil` is not installed. */
const trefoil = new URL("../shared/config/site.ts", import.meta.url).href;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "trefoil" ? { url: trefoil, shortCircuit: true } : next(specifier, context),
});

/**
 * Makes the file that SITE_CONFIG names, else `site.config.ts`, the configuration of all Workers that are built in the
 * environment which this returns. A file other than `site.config.ts` reaches them through the import `#site` under the
 * build condition `trefoil-site` (package.json, "imports"), as the value that was checked here.
 *
 * @throws {SiteConfigError} if the file cannot be loaded or holds a wrong value; the message is for the user.
 */
export async function activateSite(environment: Environment): Promise<ActiveSite> {
  const chosen = environment["SITE_CONFIG"];
  const file = chosen ? resolve(chosen) : `${root}site.config.ts`;
  const site = await loadSite(file);
  if (!chosen) return { site, file, environment };
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
  try {
    const module: unknown = await import(pathToFileURL(file).href);
    const site = readSite(v.parse(moduleSchema, module).default);
    checkBindings(site);
    return site;
  } catch (error) {
    throw refusal(file, error);
  }
}

const moduleSchema = v.looseObject(
  { default: v.unknown() },
  "There is no default export; write export default defineSite({ ... }).",
);

/**
 * Every server needs its service binding in the front's `wrangler.toml`: only here are both at hand. Control is no server:
 * it trusts whoever reaches it.
 */
function checkBindings({ pools }: Site): void {
  const { services } = v.parse(servicesSchema, readConfig({ config: `${root}wrangler.toml` }, { hideWarnings: true }));
  const bindings = services.filter(({ service }) => service !== "control").map(({ binding }) => binding);
  for (const [pool, { servers }] of Object.entries(pools))
    for (const [index, { binding }] of servers.entries())
      if (!bindings.includes(binding))
        throw new SiteConfigError(
          `pools.${pool}.servers[${index}].binding: found "${binding}", allowed: ${bindings.join(", ")}`,
        );
}

/** The part of wrangler's reading that matters here: wrangler publishes no types for it. */
const servicesSchema = v.object({
  services: v.optional(v.array(v.object({ binding: v.string(), service: v.string() })), []),
});

function refusal(file: string, error: unknown): SiteConfigError {
  return new SiteConfigError(`${file} cannot be used:\n${reason(error).replaceAll(/^/gm, "  ")}`, { cause: error });
}

/** Where a file does not parse stands in the stack alone, before its frames. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof SyntaxError ? String(error.stack).replace(/\n +at .*/s, "") : error.message;
}

/** Written whole or not at all: a `wrangler dev` that watches the file never sees half of it. */
async function writeActive(site: Site): Promise<void> {
  await mkdir(`${root}.trefoil`, { recursive: true });
  const draft = `${root}.trefoil/site.${process.pid}.ts`;
  await writeFile(draft, `export default ${JSON.stringify(site, null, 2)};\n`);
  await rename(draft, `${root}.trefoil/site.ts`);
}
