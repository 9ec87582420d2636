import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { text } from "node:stream/consumers";
import { vi } from "vitest";

const find = (name: string): string | null =>
  ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin"]
    .map((folder) => `${folder}/${name}`)
    .find(existsSync) ?? null;

/** HAProxy's own reader of its log, `null` if this machine has none. */
export const halog: string | null = find("halog");

/** The reader of HAProxy's statistics that Prometheus users have, `null` if this machine has none. */
export const exporter: string | null = find("prometheus-haproxy-exporter");

/**
 * What HAProxy's reader makes of lines of a log.
 *
 * @param option what it is to say: `-srv`, `-st`, `-tc`, `-ut`.
 * @returns its output, and how many lines it could not read.
 */
export async function readLog(
  program: string,
  option: string,
  lines: readonly string[],
): Promise<{ readonly output: string; readonly errors: number }> {
  const child = spawn(program, [option], { stdio: "pipe" });
  child.stdin.end(lines.map((line) => `${line}\n`).join(""));
  const [output, said] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [, count] = /(\d+) parsing errors/.exec(said) ?? [];
  if (count === undefined) throw new Error(`halog says ${said}`);
  return { output, errors: Number(count) };
}

/**
 * What the exporter makes of HAProxy's statistics.
 *
 * @param statistics the address of the CSV, with the credential if there is one.
 * @returns its metrics by name with labels, such as `haproxy_server_up{backend="web",server="a"}`.
 */
export async function scrape(program: string, statistics: string): Promise<ReadonlyMap<string, number>> {
  const address = `127.0.0.1:${await freePort()}`;
  const args = [`--haproxy.scrape-uri=${statistics}`, `--web.listen-address=${address}`];
  const child = spawn(program, args, { stdio: "ignore" });
  try {
    const read = async () => (await fetch(`http://${address}/metrics`)).text();
    return parseMetrics(await vi.waitFor(read, { timeout: 10_000, interval: 50 }));
  } finally {
    child.kill("SIGTERM");
    await once(child, "exit");
  }
}

function parseMetrics(page: string): ReadonlyMap<string, number> {
  const lines = page.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))] as const),
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  return address.port;
}
