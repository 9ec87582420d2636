import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { root } from "./workers.ts";

/** `npm run check`: everything that can be said about the code without running it. The steps depend on nothing but the tree. */
export interface Step {
  readonly name: string;
  /** What Node runs: a script or a tool in `node_modules/.bin`, from the root of the tree, and its arguments. */
  readonly command: readonly [string, ...string[]];
}

const tool = (name: string, ...args: string[]): Step["command"] => [`node_modules/.bin/${name}`, ...args];

/** The slow ones first, so that they do not end up alone. */
export const steps: readonly Step[] = [
  { name: "lint", command: tool("oxlint") },
  { name: "dead code", command: tool("knip", "--no-progress") },
  { name: "types of the Workers", command: tool("tsc", "-p", "tsconfig.json") },
  { name: "types of shared/ alone", command: tool("tsc", "-p", "shared/tsconfig.json") },
  { name: "types of tests and scripts", command: tool("tsc", "-p", "test/tsconfig.json") },
  { name: "format", command: tool("oxfmt", "--check") },
  { name: "lockfile", command: ["scripts/lockfile.ts"] },
  { name: "what the documents name", command: ["scripts/links.ts"] },
];

interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs one step in a tree, the project's own unless said otherwise. */
export function runStep({ command }: Step, cwd: string = root): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", reject);
    child.once("close", (code) => resolve({ ok: code === 0, output: output.trim() }));
  });
}

/** Takes steps from the queue until it is empty, and says of each how it went; what it printed only if it failed. */
async function work(queue: Step[], failed: string[]): Promise<void> {
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
    const startMs = performance.now();
    const { ok, output } = await runStep(step);
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    console.log(`${ok ? "  ok  " : "FAILED"}  ${step.name.padEnd(28)} ${seconds.padStart(5)} s`);
    if (!ok) {
      failed.push(step.name);
      console.log(`\n${output.replaceAll(/^/gm, "        ")}\n`);
    }
  }
}

/**
 * Runs every step, as many at a time as there are processors.
 *
 * @returns the names of the steps that failed.
 */
export async function check(): Promise<string[]> {
  const queue = [...steps];
  const failed: string[] = [];
  await Promise.all(Array.from({ length: availableParallelism() }, () => work(queue, failed)));
  return failed;
}

if (import.meta.main) {
  const failed = await check();
  console.log(
    failed.length === 0
      ? `check: ${steps.length} passed`
      : `check: ${steps.length - failed.length} passed, ${failed.length} failed (${failed.join(", ")})`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
}
