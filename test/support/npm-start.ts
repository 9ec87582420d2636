import { spawn } from "node:child_process";
import { expect, vi } from "vitest";
import { root } from "../../scripts/workers.ts";
import { present } from "../../shared/kernel/assert.ts";
import { alive, familyOf } from "./processes.ts";

/** A site that `npm start` runs. */
export interface Running {
  readonly url: string;
  readonly token: string;
  /** The process ids of npm and of everything below it, parents first. */
  readonly family: readonly number[];
  /** npm's exit code, once it has ended. */
  readonly ended: Promise<number | null>;
  /** Sends npm the signal, and waits until it has ended: its exit code. */
  readonly stop: (signal: NodeJS.Signals) => Promise<number | null>;
}

/**
 * `npm start` as a user gives it, on any free port.
 *
 * @param persistTo the folder for its data.
 * @param onStarted is given what ends it at once with everything below it, whatever has become of it.
 * @param tree the root of the tree, with a slash; the project's own unless said otherwise.
 */
export async function npmStart(
  persistTo: string,
  environment: Readonly<Record<string, string>>,
  onStarted: (kill: () => void) => void,
  tree: string = root,
): Promise<Running> {
  const { PORT: _port, SITE_CONFIG: _site, ...inherited } = process.env;
  const env = { ...inherited, ...environment };
  const args = ["start", "--", "--port=0", "--persist-to", persistTo];
  const npm = spawn("npm", args, { cwd: tree, env, stdio: ["ignore", "pipe", "pipe"] });
  const pid = present(npm.pid, "npm");
  const ended = new Promise<number | null>((resolve) => npm.once("close", resolve));
  onStarted(() => alive(familyOf(pid)).forEach((each) => process.kill(each, "SIGKILL")));

  let output = "";
  npm.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  npm.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const greeting = /site +(http:\S+)\/\n.*\n +admin token +(\S+)\n/;
  await vi.waitFor(() => expect(output).toMatch(greeting), { timeout: 50_000, interval: 50 });
  const [, url = "", token = ""] = greeting.exec(output) ?? [];
  const stop = (signal: NodeJS.Signals): Promise<number | null> => {
    npm.kill(signal);
    return ended;
  };
  return { url, token, family: familyOf(pid), ended, stop };
}
