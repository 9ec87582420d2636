import { fileURLToPath } from "node:url";

/** A Worker of the site: its name and the wrangler configuration it is built from. */
export interface WorkerConfig {
  readonly name: string;
  readonly config: string;
}

/** The project's root folder, with a trailing slash. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** Every Worker in the order of deployment: each must exist before the one that binds to it. */
export const workers: readonly WorkerConfig[] = [
  { name: "database", config: "workers/database/wrangler.toml" },
  { name: "origin-a", config: "workers/origin/a.toml" },
  { name: "origin-b", config: "workers/origin/b.toml" },
  { name: "origin-c", config: "workers/origin/c.toml" },
  { name: "control", config: "workers/control/wrangler.toml" },
  { name: "front", config: "wrangler.toml" },
];
