import * as v from "valibot";
import {
  unstable_convertConfigBindingsToStartWorkerBindings as readBindings,
  unstable_readConfig as readConfig,
} from "wrangler";
import { root, type WorkerConfig } from "./workers.ts";

/** One line of what a Worker can reach, and whom it needs to be there for that. */
export interface Binding {
  readonly name: string;
  readonly text: string;
  /** The Worker that it leads to, this one or another. */
  readonly worker?: string;
  /** The Durable Object class of that Worker. */
  readonly className?: string;
}

/** What its wrangler configuration says about one Worker, as far as a deployment has to know it. */
export interface WorkerPlan extends WorkerConfig {
  /** The name in the configuration: what Cloudflare calls it. */
  readonly deployedAs: string;
  /** Every way in from outside: `workers.dev`, preview URLs, routes. */
  readonly reachedBy: readonly string[];
  readonly classes: readonly string[];
  readonly bindings: readonly Binding[];
  readonly variables: Readonly<Record<string, unknown>>;
  /** The secrets that it cannot do without. */
  readonly secrets: readonly string[];
}

/** The part of wrangler's own reading of a configuration that matters here. wrangler publishes no types for it. */
const configSchema = v.object({
  name: v.string(),
  workers_dev: v.optional(v.boolean()),
  preview_urls: v.optional(v.boolean()),
  route: v.optional(v.string()),
  routes: v.optional(v.array(v.union([v.string(), v.object({ pattern: v.string() })])), []),
  vars: v.record(v.string(), v.unknown()),
  exports: v.record(v.string(), v.unknown()),
  secrets: v.optional(v.object({ required: v.optional(v.array(v.string()), []) }), {}),
});

const bindingsSchema = v.record(
  v.string(),
  v.object({
    type: v.string(),
    value: v.optional(v.unknown()),
    service: v.optional(v.string()),
    entrypoint: v.optional(v.string()),
    class_name: v.optional(v.string()),
    script_name: v.optional(v.string()),
  }),
);

/** Reads one Worker's configuration. */
export function readPlan(worker: WorkerConfig): WorkerPlan {
  const read: unknown = readConfig({ config: root + worker.config }, { hideWarnings: true });
  const config = v.parse(configSchema, read);
  const bindings = v.parse(bindingsSchema, readBindings(read as Parameters<typeof readBindings>[0]));
  const routes = [...config.routes, ...(config.route === undefined ? [] : [config.route])];
  return {
    ...worker,
    deployedAs: config.name,
    reachedBy: [
      ...(config.workers_dev === false ? [] : ["workers.dev"]),
      ...(config.preview_urls === false ? [] : ["preview URLs"]),
      ...routes.map((route) => (typeof route === "string" ? route : route.pattern)),
    ],
    classes: Object.keys(config.exports),
    bindings: Object.entries(bindings).map(([name, binding]) => describe(name, binding, config.name)),
    variables: config.vars,
    secrets: config.secrets.required,
  };
}

function describe(
  name: string,
  {
    type,
    value,
    service,
    entrypoint,
    class_name: className,
    script_name: script,
  }: v.InferOutput<typeof bindingsSchema>[string],
  self: string,
): Binding {
  if (service !== undefined) {
    return { name, text: entrypoint === undefined ? service : `${service} (${entrypoint})`, worker: service };
  }
  if (className !== undefined) {
    const text = script === undefined ? className : `${className} in ${script}`;
    return { name, text, worker: script ?? self, className };
  }
  return { name, text: value === undefined ? type.replaceAll("_", " ") : JSON.stringify(value) };
}

/** Secrets by name. */
export type Secrets = Readonly<Record<string, string | undefined>>;

/** What a deployment is given from outside. */
export interface Given {
  /** FAULTS of the environment. */
  readonly faults: string | undefined;
  readonly secrets: Secrets;
}

/**
 * Everything that speaks against deploying these Workers in this order, each in a sentence that names it; empty if
 * nothing does. wrangler's own dry run sees none of it.
 *
 * @param plans in the order of deployment. The last one is the front, the only one that may be reached from outside.
 */
export function refusals(plans: readonly WorkerPlan[], given: Given): string[] {
  return [
    ...refuseFaults(plans, given),
    ...refuseSecrets(plans, given),
    ...plans.slice(0, -1).flatMap(refuseDoors),
    ...plans.flatMap((plan, index) => refuseOrder(plan, plans.slice(0, index + 1))),
    ...refuseOwners(plans),
  ];
}

function refuseFaults(plans: readonly WorkerPlan[], { faults }: Given): string[] {
  const isOff = (value: unknown): boolean => value === undefined || value === "" || value === "off";
  const places = [
    ...(isOff(faults) ? [] : [`the environment has FAULTS=${faults}`]),
    ...plans.flatMap(({ config, variables }) =>
      isOff(variables["FAULTS"]) ? [] : [`${config} has FAULTS = ${JSON.stringify(variables["FAULTS"])}`],
    ),
  ];
  return places.map(
    (place) => `FAULTS: ${place}. Fault injection is never deployed: anybody with the token could stop the site.`,
  );
}

function refuseSecrets(plans: readonly WorkerPlan[], { secrets }: Given): string[] {
  const needed = new Set(plans.flatMap((plan) => plan.secrets));
  const missing = plans.flatMap(({ deployedAs, secrets: names }) =>
    names
      .filter((name) => !secrets[name])
      .map(
        (name) =>
          `${name}: a secret that ${deployedAs} needs and nobody gave. Set it in the environment, or name a file that holds it: --secrets-file FILE.`,
      ),
  );
  const unknown = Object.keys(secrets).filter((name) => !needed.has(name));
  return [
    ...missing,
    ...unknown.map(
      (name) =>
        `${name}: a secret that no Worker asks for. Name it under [secrets] in the configuration of the one that needs it.`,
    ),
  ];
}

function refuseDoors({ config, deployedAs, reachedBy }: WorkerPlan): string[] {
  return reachedBy.map(
    (way) =>
      `${deployedAs} would be reached from outside by ${way}, past the load balancer. ${config} needs workers_dev = false, preview_urls = false and no routes.`,
  );
}

/** @param there the Workers that exist once this one is deployed, itself among them. */
function refuseOrder({ config, bindings }: WorkerPlan, there: readonly WorkerPlan[]): string[] {
  return bindings.flatMap(({ name, worker, className }) => {
    if (worker === undefined) return [];
    const target = there.find((plan) => plan.deployedAs === worker);
    if (target === undefined) return [`${config}: ${name} leads to ${worker}, which is not deployed before it.`];
    if (className === undefined || target.classes.includes(className)) return [];
    return [`${config}: ${name} asks for the class ${className}, which ${target.config} does not export.`];
  });
}

/** Objects of one class live with one Worker: two owners are two databases of the same name. */
function refuseOwners(plans: readonly WorkerPlan[]): string[] {
  const owners = Map.groupBy(
    plans.flatMap(({ config, classes }) => classes.map((className) => ({ config, className }))),
    ({ className }) => className,
  );
  return [...owners]
    .filter(([, { length }]) => length > 1)
    .map(
      ([className, of]) =>
        `The class ${className} is exported by ${of.map(({ config }) => config).join(" and ")}; one of them must own it.`,
    );
}
