import { siteFile } from "../scripts/site-file.ts";
import { root } from "../scripts/workers.ts";
import { type Command, CommandError, type Context, type ExitCode } from "./command.ts";
import { type OriginPlan, planAdd, planRemove } from "./origin-plan.ts";
import { workerOf } from "./origin-text.ts";
import { carryOut, hunksOf, printChange, titleOf } from "./tree-change.ts";

const dryRun = "--dry-run     show the changes, and make none";

/** `origin add NAME`. */
export const originAdd: Command = {
  noun: "origin",
  verb: "add",
  summary: "Make one more origin: its configuration, its bindings, its place in a pool.",
  words: ["NAME"],
  help: [
    "--pool NAME   the pool that it serves; if not said, that of the other origins",
    "--weight N    its share next to the others, 0 to 256 (1)",
    dryRun,
  ],
  options: { pool: { type: "string" }, weight: { type: "string" }, "dry-run": { type: "boolean" } },
  async run(context) {
    const { words, options } = context;
    const pool = typeof options["pool"] === "string" ? options["pool"] : undefined;
    const plan = await planAdd(tree(), words[0] ?? "", pool, readWeight(options["weight"]));
    return finish(context, plan, `${plan.origin} is a server of the pool ${plan.places[0]?.pool}.`, afterAdd(plan));
  },
};

/** `origin remove NAME`. */
export const originRemove: Command = {
  noun: "origin",
  verb: "remove",
  summary: "Take an origin out of the project: what add did, backwards.",
  words: ["NAME"],
  help: [dryRun],
  options: { "dry-run": { type: "boolean" } },
  async run(context) {
    const plan = await planRemove(tree(), context.words[0] ?? "");
    return finish(context, plan, `${plan.origin} is no longer part of the project.`, afterRemove(plan));
  },
};

const tree = () => ({ root, siteFile: siteFile(process.env) });

function readWeight(option: string | boolean | undefined): number {
  const weight = Number(option ?? 1);
  if (Number.isInteger(weight) && weight >= 0 && weight <= 256 && option !== "") return weight;
  throw new CommandError(`--weight is "${String(option)}"; a whole number from 0 to 256 is needed.`, 1);
}

function finish({ options, print }: Context, plan: OriginPlan, sentence: string, next: readonly string[]): ExitCode {
  const isDry = options["dry-run"] === true;
  if (!isDry) carryOut(root, plan.changes);
  if (options["json"]) {
    const changes = plan.changes.map((change) => ({ path: change.path, type: change.type, hunks: hunksOf(change) }));
    print(JSON.stringify({ origin: plan.origin, places: plan.places, dryRun: isDry, changes, next }));
    return 0;
  }
  for (const change of plan.changes) print(isDry ? printChange(change) : titleOf(change));
  print(isDry ? "\nNothing was changed. Afterwards:" : `\n${sentence}`);
  print(next.map((line) => `  ${line}`).join("\n"));
  return 0;
}

function afterAdd({ origin, places, site }: OriginPlan): string[] {
  const slow = places.map(({ pool }) => site.pools[pool]?.slowStartMs ?? 0).find((ms) => ms > 0);
  const share =
    slow === undefined ? "gets its full share at once, without slowStartMs" : `gets its full share in ${slow} ms`;
  return [
    "To deploy, in this order, which is that of npm run deploy:",
    `  1. ${workerOf(origin)}   because the others bind to it`,
    `  2. control   which checks it from then on; it ${share}`,
    "  3. front   which sends it requests from then on",
    "npm start takes it in at its next start.",
  ];
}

function afterRemove({ origin, places }: OriginPlan): string[] {
  const which = (pool: string) => (places.length === 1 ? "" : ` --pool ${pool}`);
  const drain = places.map(
    ({ pool, server }) => `  0. drain it, before all else: npm run ctl -- server drain ${server}${which(pool)}`,
  );
  return [
    "To deploy, in this order:",
    ...drain,
    "  1. front   which sends it no requests from then on",
    "  2. control   which checks it no more",
    `  3. its Worker, which nothing binds to any more: npx wrangler delete ${workerOf(origin)}`,
    "npm run deploy takes control before front. For the seconds between, the server counts as ready.",
    "npm start leaves it out at its next start.",
  ];
}
