import { resolve } from "node:path";
import { type Environment, runWrangler } from "./wrangler.ts";
import { root, type WorkerConfig } from "./workers.ts";

/** A Worker that cannot be bundled; the message holds what wrangler said. */
export class BundleError extends Error {
  override readonly name = "BundleError";
}

/**
 * Bundles one Worker as `wrangler deploy` would upload it, without an account.
 *
 * @param worker the Worker and its wrangler configuration.
 * @param outdir where the bundle goes. Made absolute: wrangler would see a relative one from the configuration's folder.
 * @param environment the environment for wrangler, as `activateSite` returns it.
 * @returns what wrangler printed: size and bindings.
 * @throws {BundleError} if it does not build.
 */
export async function bundle(worker: WorkerConfig, outdir: string, environment: Environment): Promise<string> {
  const { code, output } = await runWrangler(
    ["deploy", "--dry-run", "-c", resolve(root, worker.config), "--outdir", resolve(outdir)],
    environment,
  );
  if (code !== 0) throw new BundleError(`${worker.name} (${worker.config}) cannot be bundled:\n${output}`);
  return output;
}
