import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bundle } from "../../scripts/bundle.ts";
import { activateSite } from "../../scripts/site.ts";
import { root, type WorkerConfig, workers } from "../../scripts/workers.ts";
import { type Comparison, compare, type Plan, type Side } from "../support/rounds.ts";
import { report } from "../support/report.ts";
import { type Server, startServer } from "../support/server.ts";
import { runtimeConfig } from "../support/workers-config.ts";

const passThrough: WorkerConfig = { name: "pass-through", config: "bench/hop/pass-through/wrangler.toml" };

/** Measures the hop, prints it and keeps it: see `measureHop`. */
export async function hop(plans: readonly Plan[]): Promise<void> {
  await report("hop", plans, await measureHop(plans));
}

/**
 * The hop from the front to an origin, with everything that the load balancer does, next to a Worker that only passes
 * requests on; both in one process, to the same origins.
 *
 * @param plans one for each concurrency.
 */
export async function measureHop(plans: readonly Plan[]): Promise<readonly Comparison[]> {
  await mkdir(`${root}.trefoil`, { recursive: true });
  const folder = await mkdtemp(`${root}.trefoil/bench-`);
  try {
    return await inSite(folder, plans);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function inSite(folder: string, plans: readonly Plan[]): Promise<readonly Comparison[]> {
  const server = await startSite(folder);
  try {
    const comparisons: Comparison[] = [];
    for (const plan of plans)
      comparisons.push(await compare([side("front", server), side(passThrough.name, server)], plan));
    return comparisons;
  } finally {
    await server.stop();
  }
}

async function startSite(folder: string): Promise<Server> {
  const { environment } = await activateSite({ ...process.env, SITE_CONFIG: `${root}bench/hop/site.config.ts` });
  const all = [...workers, passThrough].map((worker) => ({
    ...worker,
    bundle: join(folder, dirname(worker.config), "bundle"),
  }));
  const programs = new Map(all.map((worker) => [worker.bundle, worker]));
  await Promise.all(Array.from(programs, ([path, worker]) => bundle(worker, path, environment)));
  const data = join(folder, "data");
  await mkdir(data);
  const doors = ["front", passThrough.name];
  return startServer(runtimeConfig(all, { doors, data, secrets: { ADMIN_TOKEN: "no-secret" } }));
}

/** As a browser sends them. */
const fields = {
  "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  Accept: "application/json, text/plain, */*",
  "Accept-Encoding": "gzip, deflate, br, zstd",
  "Accept-Language": "en-US,en;q=0.5",
};

/** Of four requests, one is a visitor's first one; the others come back to their servers. */
const cookies = ["", "TREFOIL_SRV=a", "TREFOIL_SRV=b", "TREFOIL_SRV=c"];

const side = (name: string, server: Server): Side => ({
  name,
  server,
  load: { url: `${server.url(name)}/api/whoami`, fields, cookies, expected: '^{"origin":"[abc]"' },
});
