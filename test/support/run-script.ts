import { spawn } from "node:child_process";
import { root } from "../../scripts/workers.ts";

/** What surrounds the tests must not decide them. */
const unset = { ADMIN_TOKEN: undefined, FAULTS: undefined, PORT: undefined, SITE_CONFIG: undefined };

/**
 * Runs a script of the project to its end, as its npm script does, with the environment of the tests and more.
 *
 * @param tree the root of the tree whose script it is, with a slash; the project's own unless said otherwise.
 */
export const runScript = (
  name: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  tree: string = root,
): Promise<Ran> => run(`scripts/${name}.ts`, args, environment, tree);

/** The same for the operator's command. */
export const runCtl = (
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  tree: string = root,
): Promise<Ran> => run("cli/main.ts", args, environment, tree);

/** How a script ended, and what it printed. */
interface Ran {
  readonly code: number | null;
  readonly output: string;
}

function run(
  file: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  tree: string,
): Promise<Ran> {
  const child = spawn(process.execPath, [tree + file, ...args], {
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
