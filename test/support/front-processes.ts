import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Server, startServer } from "../../bench/support/server.ts";
import {
  type BundledWorker,
  runtimeConfig,
  type Sockets,
  type Surroundings,
} from "../../bench/support/workers-config.ts";
import { workers } from "../../scripts/workers.ts";
import { mockOrigins } from "./mock-origin/workers.ts";
import { adminToken, bundlePath } from "./site.ts";

/** A site whose parts are processes of their own, on the runtime alone: they can be killed, and started again. */
export interface FrontProcesses {
  /** What all of them have written, line by line. */
  readonly lines: readonly string[];
  /** One more process with a front, which knows nothing yet. */
  startFront(): Promise<Server>;
  /** Control with the database, on the data that the one before it has left. */
  startControl(): Promise<Server>;
  /** Ends whatever runs. */
  close(): Promise<void>;
}

const nameOf = ({ name }: { readonly name: string }) => name;

/**
 * Starts three mock origins in a process; fronts and control are the caller's to start. They reach each other by sockets.
 *
 * @param bundles of all Workers; `own` those of the front and control, with another site's configuration.
 */
export async function startOrigins(bundles: string, own: string): Promise<FrontProcesses> {
  // The path of a socket has 107 bytes at most: unix(7).
  const folder = await mkdtemp(join(tmpdir(), "fronts-"));
  const lines: string[] = [];
  const running: Server[] = [];
  const start = async (names: readonly string[], surroundings: Omit<Surroundings, "data" | "secrets">) => {
    const here = { ...surroundings, data: folder, secrets: { ADMIN_TOKEN: adminToken } };
    for (const path of Object.values(surroundings.open ?? {})) await rm(path, { force: true });
    const server = await startServer(runtimeConfig(bundled(names, bundles, own), here), (line) => lines.push(line));
    running.push(server);
    return server;
  };
  const sockets = (names: readonly string[]): Sockets =>
    Object.fromEntries(names.map((name) => [name, join(folder, `${name}.sock`)]));
  const origins = sockets(mockOrigins.flatMap(({ name }) => [name, `${name}:FaultPort`]));
  const control = sockets(["control"]);
  await start(mockOrigins.map(nameOf), { doors: [], open: origins });
  return {
    lines,
    startFront: () => start(["front"], { doors: ["front"], elsewhere: { ...origins, ...control } }),
    startControl: () => start(["control", "database"], { doors: [], open: control, elsewhere: origins }),
    async close() {
      await Promise.all(running.map((server) => server.kill()));
      await rm(folder, { recursive: true });
    },
  };
}

function bundled(names: readonly string[], bundles: string, own: string): BundledWorker[] {
  const all = workers.map((worker) => mockOrigins.find(({ name }) => name === worker.name) ?? worker);
  return all
    .filter(({ name }) => names.includes(name))
    .map(({ name, config }) => {
      const folder = name === "front" || name === "control" ? own : bundles;
      return { name, config, bundle: join(folder, bundlePath(config)) };
    });
}
