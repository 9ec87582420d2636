import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Secrets, WorkerPlan } from "./deploy-plan.ts";

/** A reason why nothing, or not everything, was deployed. The message is for the operator. */
export class DeployError extends Error {
  override readonly name = "DeployError";
}

/** Runs one wrangler command; true if it succeeded. */
export type RunWrangler = (args: readonly string[]) => Promise<boolean>;

/**
 * Uploads the Workers one after the other, and stops at the first that fails: what comes after it binds to it.
 *
 * @throws {DeployError} saying which were deployed and how to go on.
 */
export async function uploadAll(plans: readonly WorkerPlan[], secrets: Secrets, wrangler: RunWrangler): Promise<void> {
  for (const [index, plan] of plans.entries()) {
    console.log(`\n[${index + 1}/${plans.length}] ${plan.deployedAs}`);
    if (await upload(plan, secrets, wrangler)) continue;
    const done = plans.slice(0, index).map(({ deployedAs }) => deployedAs);
    throw new DeployError(
      `\n${plan.deployedAs} was not deployed, and what comes after it was not tried. ` +
        `Deployed: ${done.length === 0 ? "nothing" : done.join(", ")}.\n` +
        "Run the same command again when the cause is gone: to deploy a Worker a second time does no harm.",
    );
  }
  console.log(`\nDeployed: ${plans.map(({ deployedAs }) => deployedAs).join(", ")}.`);
}

/** wrangler takes secrets from a file; it stands for as long as that takes, in a folder that only its owner may open. */
async function upload(
  { config, secrets: names }: WorkerPlan,
  secrets: Secrets,
  wrangler: RunWrangler,
): Promise<boolean> {
  if (names.length === 0) return wrangler(["deploy", "-c", config]);
  const folder = mkdtempSync(join(tmpdir(), "trefoil-deploy-"));
  try {
    const file = join(folder, "secrets.json");
    const own = Object.fromEntries(names.map((name) => [name, secrets[name]]));
    writeFileSync(file, JSON.stringify(own), { mode: 0o600 });
    return await wrangler(["deploy", "-c", config, "--secrets-file", file]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
