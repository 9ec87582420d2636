import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as v from "valibot";
import { readSite, type Site, SiteConfigError } from "../shared/config/site.ts";
import type { Environment } from "./wrangler.ts";
import { root } from "./workers.ts";

/** A configuration may stand anywhere, also where `trefoil` is not installed. */
const trefoil = new URL("../shared/config/site.ts", import.meta.url).href;

/** Texts to be loaded in place of what a file holds, by URL. */
const drafts = new Map<string, string>();

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "trefoil" ? { url: trefoil, shortCircuit: true } : next(specifier, context),
  load(url, context, next) {
    const source = drafts.get(url);
    return source === undefined ? next(url, context) : { format: "module-typescript", source, shortCircuit: true };
  },
});

/** The site configuration that the environment names, absolute: SITE_CONFIG, else `site.config.ts`. */
export const siteFile = (environment: Environment): string =>
  environment["SITE_CONFIG"] ? resolve(environment["SITE_CONFIG"]) : `${root}site.config.ts`;

/**
 * Loads and checks a site configuration.
 *
 * @param draft a text that is loaded as if it stood in the file, which has to be there.
 * @throws {SiteConfigError} if it cannot be loaded or holds a wrong value; the message names the file and is for the user.
 */
export async function readSiteFile(file: string, draft?: string): Promise<Site> {
  const { href } = pathToFileURL(file);
  const url = draft === undefined ? href : `${href}?draft=${drafts.size}`;
  if (draft !== undefined) drafts.set(url, draft);
  try {
    const module: unknown = await import(url);
    return readSite(v.parse(moduleSchema, module).default);
  } catch (error) {
    throw refusal(file, error);
  }
}

const moduleSchema = v.looseObject(
  { default: v.unknown() },
  "There is no default export; write export default defineSite({ ... }).",
);

/** What is wrong with a file, for the user. */
export function refusal(file: string, error: unknown): SiteConfigError {
  return new SiteConfigError(`${file} cannot be used:\n${reason(error).replaceAll(/^/gm, "  ")}`, { cause: error });
}

/** Where a file does not parse stands in the stack alone, before its frames. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof SyntaxError ? String(error.stack).replace(/\n +at .*/s, "") : error.message;
}
