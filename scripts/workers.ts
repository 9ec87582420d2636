import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A Worker of the site: its name and the wrangler configuration it is built from. */
export interface WorkerConfig {
  readonly name: string;
  readonly config: string;
}

/** The project's root folder, with a trailing slash. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** The folder with a wrangler configuration for each origin, from the root of a tree. */
export const originFolder = "workers/origin";

/**
 * Every Worker of a tree in the order of deployment: each must exist before the one that binds to it. The origins are
 * those that have a configuration.
 *
 * @param tree the root of the tree, with a trailing slash.
 */
export function workersIn(tree: string): readonly WorkerConfig[] {
  const origins = readdirSync(tree + originFolder).filter((file) => file.endsWith(".toml"));
  return [
    { name: "database", config: "workers/database/wrangler.toml" },
    ...origins.toSorted().map((file) => ({ name: `origin-${file.slice(0, -5)}`, config: `${originFolder}/${file}` })),
    { name: "control", config: "workers/control/wrangler.toml" },
    { name: "front", config: "wrangler.toml" },
  ];
}

/** The Workers of this tree. */
export const workers: readonly WorkerConfig[] = workersIn(root);
