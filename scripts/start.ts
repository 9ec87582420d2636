import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { SiteConfigError } from "../shared/config/site.ts";
import { adminToken } from "./admin-token.ts";
import { buildOrigin, OriginError } from "./origin.ts";
import { activateSite } from "./site.ts";
import { root, workers } from "./workers.ts";
import { type Environment, quiet, wranglerBin } from "./wrangler.ts";

/**
 * `npm start`: the whole site in one `wrangler dev`. The front comes first, because the first Worker is the one that
 * gets the port; all run in one workerd process.
 *
 *     npm start -- [--port N] [any flag of wrangler dev]
 */
const configs = workers.toReversed().flatMap(({ config }) => ["-c", config]);

/** A reason not to start that the user can do something about. */
class StartError extends Error {
  override readonly name = "StartError";
}

interface Options {
  readonly port: number;
  readonly ip: string;
  /** Everything else, for wrangler. */
  readonly flags: readonly string[];
}

/** `--port` beats PORT beats 8787. wrangler refuses a flag that it gets twice, so ours must not meet the user's. */
function readOptions(args: readonly string[], environment: Environment): Options {
  const port = take(args, "--port");
  const ip = take(port.rest, "--ip");
  return {
    port: readPort(port.value ?? (environment["PORT"] || "8787")),
    ip: ip.value ?? "127.0.0.1",
    flags: ip.rest,
  };
}

/** Takes `flag value` or `flag=value` out of the arguments. */
function take(args: readonly string[], flag: string): { value: string | undefined; rest: string[] } {
  const words = args.flatMap((word) => (word.startsWith(`${flag}=`) ? [flag, word.slice(flag.length + 1)] : [word]));
  const at = words.indexOf(flag);
  if (at === -1) return { value: undefined, rest: words };
  const rest = words.toSpliced(at, 2);
  if (rest.includes(flag)) throw new StartError(`${flag} is given twice.`);
  return { value: words[at + 1] ?? "", rest };
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new StartError(`The port is "${text}"; a number from 0 (any free port) to 65535 is allowed.`);
}

/** Finds out before wrangler does, and in fewer words, that somebody else has the port. */
function refuseBusyPort({ port, ip }: Options): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      const busy = `Port ${port} is in use. Stop what uses it, or take another one: PORT=${port + 1} npm start`;
      reject(new StartError(error.code === "EADDRINUSE" ? busy : `Cannot listen on ${ip}:${port}: ${error.message}`));
    });
    probe.listen(port, ip === "*" ? "0.0.0.0" : ip, () => probe.close(() => resolve()));
  });
}

type Wrangler = ChildProcessByStdio<null, Readable, null>;

/**
 * In a process group of its own, so that one signal reaches wrangler and the workerd processes that it starts.
 * FAULTS=on by `--var`, which reaches the first Worker only: the front decides whether there is a fault API.
 */
function startWrangler({ port, ip, flags }: Options, environment: Environment): Wrangler {
  const args = ["dev", ...configs, "--ip", ip, "--port", String(port), "--var", "FAULTS:on", ...flags];
  return spawn(process.execPath, [wranglerBin, ...args], {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...quiet,
      WRANGLER_HIDE_BANNER: "true",
      // Workers of the same names in another checkout are none of ours.
      WRANGLER_REGISTRY_PATH: `${root}.wrangler/registry`,
      ...(process.stdout.isTTY && !environment["NO_COLOR"] && { FORCE_COLOR: "1" }),
      ...environment,
    },
  });
}

function signalGroup({ pid }: Wrangler, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** How long wrangler may take to close its Workers before it is killed. Nothing is lost then: each commit is on disk. */
const stopMs = 5_000;

/** Signals closer together than this are one: npm passes on the Ctrl-C that the terminal gave to both of us. */
const echoMs = 500;

/**
 * Ends with wrangler, and ends wrangler when asked to: the first SIGINT, SIGTERM or SIGHUP stops it in good order, the
 * second one kills it. Whatever way this process ends, nothing of the group is left behind.
 *
 * @returns the exit code: 0 when asked to stop, else wrangler's (1 if a signal ended it).
 */
function follow(child: Wrangler): Promise<number> {
  let askedAtMs: number | undefined;
  const stop = (): void => {
    if (askedAtMs === undefined) {
      askedAtMs = Date.now();
      signalGroup(child, "SIGTERM");
      setTimeout(() => signalGroup(child, "SIGKILL"), stopMs).unref();
    } else if (Date.now() - askedAtMs > echoMs) {
      signalGroup(child, "SIGKILL");
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  process.on("exit", () => signalGroup(child, "SIGKILL"));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(askedAtMs === undefined ? code || 1 : 0));
  });
}

/**
 * Passes on what wrangler prints from the moment that it is ready. What it prints before is held back: a page of
 * bindings that it calls "not connected" although they are.
 *
 * @returns the URL that it listens on, or what it printed when it ended before.
 */
function ready(child: Wrangler): Promise<{ url: string } | { report: string }> {
  const before: string[] = [];
  let url: string | undefined;
  return new Promise((resolve) => {
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (line) => {
      if (url !== undefined) return console.log(line);
      before.push(line);
      url = urlIn(line);
      if (url !== undefined) resolve({ url });
    });
    lines.once("close", () => resolve({ report: before.join("\n") }));
  });
}

/** The URL that wrangler says it listens on. Every address of the machine is an address too: the nearest one is shown. */
function urlIn(line: string): string | undefined {
  const url = /\bReady on (https?:\/\/\S+)/.exec(stripVTControlCharacters(line))?.[1];
  return url?.replace(/\/\/(\*|0\.0\.0\.0):/, "//127.0.0.1:");
}

/** Waits for the first answer: wrangler listens a moment before its Workers do. A self-signed https site is not asked. */
async function answers(url: string): Promise<void> {
  while (url.startsWith("http:")) {
    try {
      await (await fetch(`${url}/_trefoil/readyz`)).body?.cancel();
      return;
    } catch {
      await sleep(100);
    }
  }
}

function greet(url: string, token: string): void {
  console.log(`
  Trefoil is running. Ctrl-C stops it; what you wrote stays in .wrangler/.

    site         ${url}/
    dashboard    ${url}/_trefoil/
    admin token  ${token}
`);
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), process.env);
  const { environment } = await activateSite(process.env);
  await refuseBusyPort(options);
  // Each origin does this again; but they would all say what is wrong, in the middle of wrangler's own report.
  await buildOrigin();
  const token = adminToken(`${root}.dev.vars`);
  const child = startWrangler(options, environment);
  const ended = follow(child);
  const first = await ready(child);
  if ("url" in first) {
    await Promise.race([answers(first.url).then(() => greet(first.url, token)), ended]);
  } else if ((await ended) !== 0) {
    console.error(first.report);
  }
  return ended;
}

try {
  process.exit(await main());
} catch (error) {
  if (!(error instanceof StartError || error instanceof SiteConfigError || error instanceof OriginError)) throw error;
  console.error(error.message);
  process.exit(1);
}
