import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { type Config, serializeConfig } from "miniflare";
import * as v from "valibot";
import { workerdBin } from "./workerd.ts";

/** A runtime process that serves Workers. */
export interface Server {
  /** Where a Worker listens, by its name. */
  url(door: string): string;
  /** User and system time of the process until now, in seconds. */
  cpuSeconds(): number;
  /** Forgets the peak of the memory until now. */
  resetPeak(): void;
  /** The most resident memory since then, in bytes. */
  peakBytes(): number;
  stop(): Promise<void>;
  /** Ends it where it stands, if it has not ended before. */
  kill(): Promise<void>;
}

const event = v.object({ event: v.literal("listen"), socket: v.string(), port: v.number() });

/**
 * Starts the runtime and waits until all its doors are open.
 *
 * @param onLine called with each line that it writes. Without that its log goes nowhere; what it has to complain about, to
 *   ours.
 */
export async function startServer(config: Config, onLine?: (line: string) => void): Promise<Server> {
  const args = ["serve", "--binary", "--control-fd=3", "-"];
  const [log, complaints] = onLine === undefined ? (["ignore", "inherit"] as const) : (["pipe", "pipe"] as const);
  const child = spawn(workerdBin, args, { stdio: ["pipe", log, complaints, "pipe"] });
  for (const stream of [child.stdout, child.stderr])
    if (stream !== null && onLine !== undefined) createInterface({ input: stream }).on("line", onLine);
  child.stdin?.end(serializeConfig(config));
  const ports = await openDoors(child, config.sockets?.length ?? 0);
  return {
    url: (door) => `http://127.0.0.1:${ports.get(door)}`,
    cpuSeconds: () => cpuSeconds(child.pid),
    resetPeak: () => writeFileSync(`/proc/${child.pid}/clear_refs`, "5"),
    peakBytes: () => peakBytes(child.pid),
    stop: () => stop(child),
    kill: () => kill(child),
  };
}

async function openDoors(child: ChildProcess, count: number): Promise<ReadonlyMap<string, number>> {
  const ports = new Map<string, number>();
  for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
    const { success, output } = v.safeParse(event, JSON.parse(line));
    if (success) ports.set(output.socket, output.port);
    if (ports.size === count) return ports;
  }
  throw new Error("The runtime ended before it served anything.");
}

/** How the kernel counts time for /proc on every machine with Linux: `getconf CLK_TCK`. */
const ticksPerSecond = 100;

/** proc_pid_stat(5), fields 14 and 15; the name, field 2, may hold any signs. */
function cpuSeconds(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function peakBytes(pid: number | undefined): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kibibytes) * 1024;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** The runtime waits for what is under way. */
const graceMs = 5000;

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const end = setTimeout(() => child.kill("SIGKILL"), graceMs);
  await ended;
  clearTimeout(end);
}
