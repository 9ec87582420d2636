import type { AssetFolders } from "../../../scripts/assets.ts";
import { root, type WorkerConfig } from "../../../scripts/workers.ts";

/** The three origins with files of every kind to serve: `startSite({ replace: staticOrigins })`. */
export const staticOrigins: readonly WorkerConfig[] = ["a", "b", "c"].map((server) => ({
  name: `origin-${server}`,
  config: `test/support/static-origin/${server}.toml`,
}));

const folder = `${root}.trefoil/static-origin`;

/** Where their files are; `build.ts` writes them. */
export const staticFolders: AssetFolders = {
  source: `${folder}/source`,
  target: `${folder}/public`,
  manifest: `${folder}/assets.json`,
};
