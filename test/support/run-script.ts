import { spawn } from "node:child_process";
import { root } from "../../scripts/workers.ts";

/** What surrounds the tests must not decide them. */
const unset = { ADMIN_TOKEN: undefined, FAULTS: undefined, PORT: undefined, SITE_CONFIG: undefined };

/**
 * Runs a script of the project to its end, as its npm script does, with the environment of the tests and more.
 *
 * @param tree the root of the tree whose script it is, with a slash; the project's own unless said otherwise.
 */
export function runScript(
  name: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  tree: string = root,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [`${tree}scripts/${name}.ts`, ...args], {
    cwd: tree,
    env: { ...process.env, ...unset, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const collect = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}
