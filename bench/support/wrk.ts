import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as v from "valibot";

const run = promisify(execFile);

const script = fileURLToPath(new URL("wrk.lua", import.meta.url));

/** Requests to be sent, in turn, over connections that stay open. */
export interface Load {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Fields of every request. */
  readonly fields: Readonly<Record<string, string>>;
  /** One request for each; an empty one has no cookie. */
  readonly cookies: readonly string[];
  /** A Lua pattern for the body of every answer. */
  readonly expected: string;
}

const figures = v.object({
  requests: v.number(),
  durationUs: v.number(),
  p50Us: v.number(),
  p99Us: v.number(),
  /** Answers that were not as expected, and requests without one. */
  failed: v.number(),
});

/** What wrk measured. */
export type Figures = v.InferOutput<typeof figures>;

/** Whether this machine has wrk. */
export const hasWrk = (): Promise<boolean> =>
  // It has no way to say its version and be well.
  run("wrk", ["--version"]).then(
    () => true,
    (error: { code?: unknown }) => error.code !== "ENOENT",
  );

/** Sends a load with wrk, from one thread, and waits for its end. */
export async function sendLoad({ url, connections, seconds, fields, cookies, expected }: Load): Promise<Figures> {
  const lines = Object.entries(fields).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const shape = ["-t1", `-c${connections}`, `-d${seconds}s`];
  const { stdout } = await run("wrk", [...shape, ...lines, "-s", script, url, "--", expected, ...cookies]);
  return v.parse(figures, JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? ""));
}
