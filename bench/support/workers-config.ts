import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Config, Service, ServiceDesignator, Worker_Binding } from "miniflare";
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
  /** What other processes may call: they do so as by a service binding, by HTTP and by RPC. */
  readonly open?: Sockets;
  /** What runs in other processes and is open there. */
  readonly elsewhere?: Sockets;
  /** The folder in which the Durable Objects keep their data. It must exist. */
  readonly data: string;
  /** Secrets by name: a Worker gets those that it asks for. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Paths of Unix sockets by the name of a Worker, or `worker:Entrypoint`: each entrypoint has a socket of its own. */
export type Sockets = Readonly<Record<string, string>>;

/** Both sides take a CONNECT to this host, which none has, for the beginning of an RPC: `workerd.capnp`, HttpOptions. */
const rpc = { capnpConnectHost: "rpc" };

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
  const { doors, open = {}, elsewhere = {}, data } = surroundings;
  return {
    services: [
      { name: "data", disk: { path: data, writable: true } },
      ...workers.flatMap((worker) => servicesOf(worker, surroundings)),
      ...Object.entries(elsewhere).map(([name, path]) => ({ name, external: { address: `unix:${path}`, http: rpc } })),
    ],
    sockets: [
      ...doors.map((name) => ({ name, address: "127.0.0.1:0", service: { name }, http: {} })),
      ...Object.entries(open).map(([name, path]) => ({
        name: `open ${name}`,
        address: `unix:${path}`,
        service: designated(name),
        http: rpc,
      })),
    ],
  };
}

function designated(open: string): ServiceDesignator {
  const [name = "", entrypoint] = open.split(":");
  return entrypoint === undefined ? { name } : { name, entrypoint };
}

function servicesOf({ name, config, bundle }: BundledWorker, { secrets, elsewhere = {} }: Surroundings): Service[] {
  const file = join(root, config);
  const reading = v.parse(schema, readConfig({ config: file }, { hideWarnings: true }));
  const worker: Service = {
    name,
    worker: {
      modules: [{ name: "index.js", esModule: readFileSync(join(bundle, "index.js"), "utf8") }],
      compatibilityDate: reading.compatibility_date,
      compatibilityFlags: reading.compatibility_flags,
      bindings: bindingsOf(name, reading, secrets, elsewhere),
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

function bindingsOf(
  worker: string,
  reading: Reading,
  secrets: Surroundings["secrets"],
  elsewhere: Sockets,
): Worker_Binding[] {
  const { vars, services, durable_objects: objects, assets } = reading;
  return [
    ...Object.entries(vars).map(([name, text]) => ({ name, text })),
    ...reading.secrets.required.map((name) => ({ name, text: secretOf(name, secrets) })),
    ...services.map(({ binding, service, entrypoint }) => {
      const name = entrypoint === undefined ? service : `${service}:${entrypoint}`;
      return { name: binding, service: name in elsewhere ? { name } : designated(name) };
    }),
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
