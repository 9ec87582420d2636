import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Server, startServer } from "../../bench/support/server.ts";
import { runtimeConfig } from "../../bench/support/workers-config.ts";
import { root, workers } from "../../scripts/workers.ts";
import { columns } from "../../shared/telemetry/haproxy-csv.ts";
import { mockOrigins } from "./mock-origin/workers.ts";
import type { Seen } from "./mock-origin/seen.ts";
import { adminToken, bundlePath } from "./site.ts";

/** A site on the runtime alone, as it would be deployed: nothing of the dev tooling stands before the front. */
export interface RawSite {
  /** Where the front listens. */
  readonly url: URL;
  /** What the runtime and the Workers have written, line by line. */
  readonly lines: readonly string[];
  /** What the servers received under a request's id. */
  seen(id: string): Promise<readonly Seen[]>;
  /** The ids of all requests that the servers received from the front, each as often as it came. Checks have none. */
  ids(): Promise<readonly string[]>;
  /** The statistics: the cells of each row by column, under `pool/server`. */
  statistics(): Promise<Statistics>;
  close(): Promise<void>;
}

/** Cells by column, by `pool/server`. */
export type Statistics = Readonly<Record<string, Readonly<Record<string, string>>>>;

const origins = mockOrigins.map(({ name }) => name);

/**
 * Starts the front, control and the database with mock origins.
 *
 * @param bundles of all Workers; `own` those of the front and control, with another site's configuration.
 */
export async function startRawSite(bundles: string, own: string): Promise<RawSite> {
  const data = await mkdtemp(`${root}.trefoil/raw-`);
  const lines: string[] = [];
  const server = await startServer(
    runtimeConfig(bundled(bundles, own), { doors: ["front", ...origins], data, secrets: { ADMIN_TOKEN: adminToken } }),
    (line) => lines.push(line),
  );
  const url = new URL(server.url("front"));
  return {
    url,
    lines,
    seen: (id) => fromAll<Seen>(server, `/mock/seen?id=${id}`),
    ids: async () => (await fromAll<string>(server, "/mock/ids")).filter((id) => id !== ""),
    statistics: () => statistics(url),
    async close() {
      await server.stop();
      await rm(data, { recursive: true });
    },
  };
}

function bundled(bundles: string, own: string) {
  return workers.map((each) => {
    const { name, config } = mockOrigins.find((mock) => mock.name === each.name) ?? each;
    const folder = name === "front" || name === "control" ? own : bundles;
    return { name, config, bundle: join(folder, bundlePath(config)) };
  });
}

async function fromAll<Item>(server: Server, path: string): Promise<Item[]> {
  const lists = origins.map(async (name) => (await (await fetch(server.url(name) + path)).json()) as Item[]);
  return (await Promise.all(lists)).flat();
}

async function statistics(url: URL): Promise<Statistics> {
  const headers = { Authorization: `Bearer ${adminToken}` };
  const csv = await (await fetch(new URL("/_trefoil/stats;csv", url), { headers })).text();
  const rows = csv.trimEnd().split("\n").slice(1);
  return Object.fromEntries(
    rows.map((row) => {
      const cells = row.split(",");
      return [
        `${cells[0]}/${cells[1]}`,
        Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ""])),
      ];
    }),
  );
}
