import { AssetsError, buildAssets, siteAssets } from "./assets.ts";
import { buildMigrations, MigrationsError } from "./migrations.ts";

/** Files that no origin can be made of; the message is for the user. */
export class OriginError extends Error {
  override readonly name = "OriginError";
}

/**
 * Makes what an origin is bundled with: the assets and the migrations.
 *
 * @throws {OriginError} naming every file that cannot be used.
 */
export async function buildOrigin(): Promise<void> {
  try {
    buildMigrations();
    await buildAssets(siteAssets);
  } catch (error) {
    const folder = error instanceof MigrationsError ? "app/migrations" : error instanceof AssetsError ? "public" : null;
    if (folder === null || !(error instanceof Error)) throw error;
    const message = `Files of workers/origin/${folder} cannot be used:\n${error.message.replaceAll(/^/gm, "  ")}`;
    throw new OriginError(message, { cause: error });
  }
}

/** Run by wrangler as the `[build]` command of the origins, before each bundle. */
if (import.meta.main) {
  try {
    await buildOrigin();
  } catch (error) {
    if (!(error instanceof OriginError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
