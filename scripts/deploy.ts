import { spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs, parseEnv } from "node:util";
import { gzipSync } from "node:zlib";
import * as v from "valibot";
import { SiteConfigError } from "../shared/config/site.ts";
import { bundle, BundleError } from "./bundle.ts";
import { readPlan, refusals, type Secrets, type WorkerPlan } from "./deploy-plan.ts";
import { DeployError, type RunWrangler, uploadAll } from "./deploy-upload.ts";
import { activateSite } from "./site.ts";
import { root, workers } from "./workers.ts";
import { type Environment, quiet, wranglerBin } from "./wrangler.ts";

const secretsSchema = v.record(v.string(), v.string("only text is allowed as the value of a secret"));

function readSecretsFile(file: string): Secrets {
  try {
    const text = readFileSync(file, "utf8");
    return v.parse(secretsSchema, text.trimStart().startsWith("{") ? JSON.parse(text) : parseEnv(text));
  } catch (error) {
    throw new DeployError(
      `The secrets file ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** The secrets that are asked for and in the environment, and all of the file. */
function readSecrets(plans: readonly WorkerPlan[], file: string | undefined, environment: Environment): Secrets {
  const asked = plans.flatMap(({ secrets }) => secrets).map((name) => [name, environment[name]] as const);
  return { ...Object.fromEntries(asked), ...(file !== undefined && readSecretsFile(file)) };
}

const kibibytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;

/** Bundles one Worker and prints its rows of the table. */
async function bundleAndPrint(plan: WorkerPlan, environment: Environment): Promise<void> {
  const outdir = `${root}.trefoil/deploy/${plan.name}`;
  rmSync(outdir, { recursive: true, force: true });
  await bundle(plan, outdir, environment);
  const modules = readdirSync(outdir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.map$|^README\.md$/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  const raw = modules.reduce((sum, module) => sum + module.byteLength, 0);
  const gzip = modules.reduce((sum, module) => sum + gzipSync(module).byteLength, 0);
  const reached = plan.reachedBy.length === 0 ? "not public" : `public by ${plan.reachedBy.join(", ")}`;
  console.log(
    `${plan.deployedAs.padEnd(10)} ${kibibytes(raw).padStart(10)} ${kibibytes(gzip).padStart(10)} gzip   ${reached}`,
  );
  for (const { name, text } of plan.bindings) console.log(`             ${name.padEnd(16)} ${text}`);
  for (const name of plan.secrets) console.log(`             ${name.padEnd(16)} secret`);
}

/** Runs wrangler with the terminal: it may have to ask which account is meant. */
function wranglerIn(environment: Environment): RunWrangler {
  return (args) => {
    const child = spawn(process.execPath, [wranglerBin, ...args], {
      cwd: root,
      stdio: "inherit",
      env: { ...quiet, ...environment },
    });
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code === 0));
    });
  };
}

function readArguments(): { dryRun: boolean; secretsFile: string | undefined } {
  try {
    const { values } = parseArgs({
      options: { "dry-run": { type: "boolean", default: false }, "secrets-file": { type: "string" } },
    });
    return { dryRun: values["dry-run"], secretsFile: values["secrets-file"] };
  } catch (error) {
    throw new DeployError(
      `${error instanceof Error ? error.message : String(error)}\nnpm run deploy -- [--dry-run] [--secrets-file FILE]`,
    );
  }
}

/**
 * `npm run deploy`: every Worker, in the order of `scripts/workers.ts`. Everything is checked and bundled before the
 * first one is uploaded; with `--dry-run` that is all, and needs no account. A dry run prints the Workers also where
 * something stands in the way of their deployment, and then says what.
 *
 *     npm run deploy -- [--dry-run] [--secrets-file FILE]
 *
 * The secrets that the Workers ask for come from the environment or from the file (JSON, or NAME=value lines; the
 * file wins), never from `.dev.vars`, which is the local site's. They are uploaded with the Worker and not printed.
 */
async function main(): Promise<void> {
  const { dryRun, secretsFile } = readArguments();
  const { environment } = await activateSite(process.env);
  const plans = workers.map(readPlan);
  const secrets = readSecrets(plans, secretsFile, process.env);
  const refused = refusals(plans, { faults: process.env["FAULTS"], secrets });
  const refusal = new DeployError(["\nThis cannot be deployed:", ...refused].join("\n  "));
  if (refused.length > 0 && !dryRun) throw refusal;
  for (const plan of plans) await bundleAndPrint(plan, environment);
  if (refused.length > 0) throw refusal;
  if (dryRun) console.log("\nNothing was deployed: this was a dry run.");
  else await uploadAll(plans, secrets, wranglerIn(environment));
}

try {
  await main();
} catch (error) {
  if (!(error instanceof DeployError || error instanceof SiteConfigError || error instanceof BundleError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
