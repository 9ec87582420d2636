import { spawn } from "node:child_process";
import { root } from "./workers.ts";

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The wrangler of this project, to be run by the Node that runs this script. */
export const wranglerBin = `${root}node_modules/wrangler/bin/wrangler.js`;

/** Keeps wrangler at its work: no calls home, no prompts, no collector beside the Workers. A user's own setting wins. */
export const quiet: Environment = {
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_SEND_METRICS: "false",
  X_LOCAL_OBSERVABILITY: "false",
};

/**
 * Runs one wrangler command to its end.
 *
 * @param args the arguments after `wrangler`; relative paths are seen from the project's root.
 * @param environment the whole environment of the command.
 * @returns its exit code (1 if a signal ended it) and what it printed, both streams in the order of arrival.
 */
export function runWrangler(
  args: readonly string[],
  environment: Environment,
): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [wranglerBin, ...args], {
      cwd: root,
      env: { ...quiet, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const collect = (chunk: Buffer) => (output += chunk.toString());
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
