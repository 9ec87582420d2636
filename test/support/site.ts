import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { inject } from "vitest";
import { createTestHarness, type TestHarness, type TestHarnessOptions, type WorkerHandle } from "wrangler";
import { root, type WorkerConfig, workersIn } from "../../scripts/workers.ts";
import type { Fault } from "../../shared/admin/fault.ts";

/** What to run other than the usual site. */
export interface SiteOptions {
  /** Workers that take the place of those with the same name: `mockOrigins`. The build must know them. */
  readonly replace?: readonly WorkerConfig[];
  /** Workers that run beside the site's own, such as `sqlClient`. The build must know them. */
  readonly add?: readonly WorkerConfig[];
  /** Variables of the front that differ, such as `{ FAULTS: "off" }`. */
  readonly vars?: Readonly<Record<string, string>>;
  /** The secret ADMIN_TOKEN of the front, if not the usual one; empty for none. */
  readonly adminToken?: string;
  /** A folder of bundles that go before those of the test run: what `bundleAll` returned. */
  readonly bundles?: string;
  /** The root of the tree whose Workers run, with a slash, if not this one: what `copyTree` returned. */
  readonly tree?: string;
}

type Fetch = TestHarness["fetch"];

/** The whole site, running in this process's workerd with storage of its own. */
export interface TestSite {
  /** Where the front listens. */
  readonly url: URL;
  /** One request through the front, as a visitor would send it. */
  readonly fetch: Fetch;
  /** One request through the front with the admin token. */
  readonly admin: Fetch;
  /** Puts a fault in force everywhere; throws if the admin API refuses it. */
  fault(fault: Fault): Promise<void>;
  /** Lifts every fault. */
  clearFaults(): Promise<void>;
  /** A Worker by name: direct requests, its environment, its Durable Objects. */
  worker(name: string): WorkerHandle;
  /** The harness itself: logs, `debug()`. */
  readonly harness: TestHarness;
  close(): Promise<void>;
}

/** The admin token of every test site. */
export const adminToken = "test-token-that-is-no-secret";

/**
 * Starts the whole site: every Worker from its bundle, FAULTS=on, empty storage. Close it in `afterAll`.
 */
export async function startSite(options: SiteOptions = {}): Promise<TestSite> {
  const harness = createTestHarness(harnessOptions(options));
  const { url } = await harness.listen();
  const admin = withToken(harness.fetch);
  return {
    url,
    fetch: harness.fetch,
    admin,
    worker: (name) => harness.getWorker(name),
    harness,
    fault: (fault) =>
      faults(admin, { method: "POST", body: JSON.stringify(fault), headers: { "Content-Type": "application/json" } }),
    clearFaults: () => faults(admin, { method: "DELETE" }),
    close: () => harness.close(),
  };
}

/** The same for the harness alone: `site.harness.update(harnessOptions(...))` is a deployment, which leaves the storage as it is. */
export const harnessOptions = (options: SiteOptions): TestHarnessOptions => ({
  root: options.tree ?? root,
  workers: inOrder(options).map((worker) => harnessed(worker, options)),
});

/** Where the bundle of a Worker lies in a folder of bundles. Configurations side by side share one: they are one program. */
export const bundlePath = (config: string): string => join(dirname(config), "bundle");

/** The front first: the harness serves the first Worker. */
function inOrder({ replace = [], add = [], tree = root }: SiteOptions): WorkerConfig[] {
  const workers = workersIn(tree).toReversed();
  return [...workers.map((worker) => replace.find(({ name }) => name === worker.name) ?? worker), ...add];
}

function harnessed({ name, config }: WorkerConfig, options: SiteOptions) {
  const { vars, adminToken: ADMIN_TOKEN = adminToken } = options;
  const path = bundlePath(config);
  const own = options.bundles && join(options.bundles, path);
  const input = { configPath: config, prebuiltWorkerDir: own && existsSync(own) ? own : join(inject("bundles"), path) };
  if (name !== "front") return input;
  return { ...input, vars: { FAULTS: "on", ...vars }, secrets: { ADMIN_TOKEN } };
}

const withToken =
  (fetch: Fetch): Fetch =>
  (input, init) =>
    fetch(input, { ...init, headers: { Authorization: `Bearer ${adminToken}`, ...init?.headers } });

async function faults(admin: Fetch, init: Parameters<Fetch>[1]): Promise<void> {
  const response = await admin("/_trefoil/api/faults", init);
  if (!response.ok) throw new Error(`${init?.method} faults: ${response.status} ${await response.text()}`);
  await response.body?.cancel();
}
