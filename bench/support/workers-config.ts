import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Config, type Service, type Worker_Binding } from "miniflare";
import * as v from "valibot";
import { unstable_readConfig as readConfig } from "wrangler";
import { root, type WorkerConfig } from "../../scripts/workers.ts";

/** A Worker and the folder with its bundle. */
export interface BundledWorker extends WorkerConfig {
  readonly bundle: string;
}

/** What the runtime is given beside the Workers. */
export interface Surroundings {
  /** The Workers that listen, each on a free port under its own name. */
  readonly doors: readonly string[];
  /** The folder in which the Durable Objects keep their data. It must exist. */
  readonly data: string;
  /** Secrets by name: a Worker gets those that it asks for. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** The part of wrangler's reading that matters here: wrangler publishes no types for it. */
const schema = v.object({
  compatibility_date: v.string(),
  compatibility_flags: v.array(v.string()),
  vars: v.record(v.string(), v.string()),
  secrets: v.optional(v.object({ required: v.optional(v.array(v.string()), []) }), {}),
  services: v.optional(
    v.array(v.object({ binding: v.string(), service: v.string(), entrypoint: v.optional(v.string()) })),
    [],
  ),
  durable_objects: v.object({
    bindings: v.array(v.object({ name: v.string(), class_name: v.string(), script_name: v.optional(v.string()) })),
  }),
  exports: v.optional(v.record(v.string(), v.object({ type: v.literal("durable-object") })), {}),
  assets: v.optional(v.object({ directory: v.string(), binding: v.string() })),
});

type Reading = v.InferOutput<typeof schema>;

/** The runtime's configuration for Workers as a deployment would set them up, from their wrangler configurations. */
export function runtimeConfig(workers: readonly BundledWorker[], surroundings: Surroundings): Config {
  return {
    services: [
      { name: "data", disk: { path: surroundings.data, writable: true } },
      ...workers.flatMap((worker) => servicesOf(worker, surroundings)),
    ],
    sockets: surroundings.doors.map((name) => ({ name, address: "127.0.0.1:0", service: { name }, http: {} })),
  };
}

function servicesOf({ name, config, bundle }: BundledWorker, { secrets }: Surroundings): Service[] {
  const file = join(root, config);
  const reading = v.parse(schema, readConfig({ config: file }, { hideWarnings: true }));
  const worker: Service = {
    name,
    worker: {
      modules: [{ name: "index.js", esModule: readFileSync(join(bundle, "index.js"), "utf8") }],
      compatibilityDate: reading.compatibility_date,
      compatibilityFlags: reading.compatibility_flags,
      bindings: bindingsOf(name, reading, secrets),
      durableObjectNamespaces: Object.keys(reading.exports).map((className) => ({
        className,
        uniqueKey: `${name}-${className}`,
        enableSql: true,
      })),
      durableObjectStorage: { localDisk: "data" },
    },
  };
  if (reading.assets === undefined) return [worker];
  return [worker, { name: assetsOf(name), disk: { path: resolve(dirname(file), reading.assets.directory) } }];
}

/** The files are served as they lie there: what the platform's own asset service does beside that is not measured. */
const assetsOf = (worker: string) => `${worker}-assets`;

function bindingsOf(worker: string, reading: Reading, secrets: Surroundings["secrets"]): Worker_Binding[] {
  const { vars, services, durable_objects: objects, assets } = reading;
  return [
    ...Object.entries(vars).map(([name, text]) => ({ name, text })),
    ...reading.secrets.required.map((name) => ({ name, text: secretOf(name, secrets) })),
    ...services.map(({ binding, service, entrypoint }) => ({
      name: binding,
      service: entrypoint === undefined ? { name: service } : { name: service, entrypoint },
    })),
    ...objects.bindings.map(({ name, class_name: className, script_name: serviceName = worker }) => ({
      name,
      durableObjectNamespace: { className, serviceName },
    })),
    ...(assets === undefined ? [] : [{ name: assets.binding, service: { name: assetsOf(worker) } }]),
  ];
}

function secretOf(name: string, secrets: Surroundings["secrets"]): string {
  const value = secrets[name];
  if (value === undefined) throw new Error(`There is no value for the secret ${name}.`);
  return value;
}
