import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { vi } from "vitest";
import { present } from "../../shared/kernel/assert.ts";
import { askRaw } from "./raw-http.ts";

/** The HAProxy of this machine, `null` if it has none. */
export const haproxy: string | null =
  ["/usr/sbin/haproxy", "/usr/bin/haproxy", "/usr/local/sbin/haproxy", "/opt/homebrew/bin/haproxy"].find(existsSync) ??
  null;

/** A pool as HAProxy is to balance it: `balance <algorithm>`, and for each server the words after its address. */
export interface HaproxyPool {
  readonly algorithm: string;
  readonly servers: Readonly<Record<string, string>>;
}

/** A request that its server has, and does not answer. */
export interface Held {
  readonly server: string;
  /** Has it answered; returns when the client has the answer. */
  release(): Promise<void>;
}

/** An HAProxy in front of servers that answer with their names. */
export interface RunningHaproxy {
  /** Sends a request to a pool: which server has answered it? */
  ask(pool: string): Promise<string>;
  /** Sends a request that is answered only when it is released. */
  hold(pool: string): Promise<Held>;
  /** One line of the Runtime API, such as `set weight web/a 3`. */
  command(line: string): Promise<string>;
  close(): Promise<void>;
}

/**
 * Starts HAProxy with these pools. All listens on sockets in a folder of its own, so it meets no other.
 *
 * @param program the HAProxy to run.
 */
export async function startHaproxy(
  program: string,
  pools: Readonly<Record<string, HaproxyPool>>,
): Promise<RunningHaproxy> {
  const folder = await mkdtemp(join(tmpdir(), "trefoil-haproxy-"));
  const held = new Map<string, { readonly server: string; readonly response: ServerResponse }>();
  const names = [...new Set(Object.values(pools).flatMap(({ servers }) => Object.keys(servers)))];
  const servers = await Promise.all(names.map((name) => startServer(name, folder, held)));
  await writeFile(join(folder, "haproxy.cfg"), configuration(folder, pools));
  const child = spawn(program, ["-db", "-q", "-f", join(folder, "haproxy.cfg")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = once(child, "exit");
  const sockets = [...Object.keys(pools), "admin"].map((name) => join(folder, name));
  await vi.waitFor(
    () => sockets.every((socket) => existsSync(socket)) || Promise.reject(new Error("HAProxy does not start")),
    10_000,
  );
  const send = (pool: string, path: string) => askRaw({ socketPath: join(folder, pool) }, { path });
  let holding = 0;
  return {
    ask: async (pool) => (await send(pool, "/")).body.toString(),
    async hold(pool) {
      const path = `/hold/${holding++}`;
      const answered = send(pool, path);
      const { server, response } = await vi.waitFor(() => present(held.get(path), path), {
        timeout: 5000,
        interval: 1,
      });
      return {
        server,
        async release() {
          response.end();
          await answered;
        },
      };
    },
    command: async (line) => {
      const socket = connect(join(folder, "admin"));
      socket.write(`${line}\n`);
      return text(socket);
    },
    async close() {
      child.kill("SIGTERM");
      await ended;
      for (const server of servers) server.close().closeAllConnections();
      await rm(folder, { recursive: true });
    },
  };
}

async function startServer(
  server: string,
  folder: string,
  held: Map<string, { readonly server: string; readonly response: ServerResponse }>,
): Promise<Server> {
  const listening = createServer(({ url = "" }, response) => {
    if (url === "/") response.end(server);
    else held.set(url, { server, response });
  });
  await once(listening.listen(join(folder, `server-${server}`)), "listening");
  return listening;
}

/** One thread, so that there is one order. */
const configuration = (folder: string, pools: Readonly<Record<string, HaproxyPool>>): string => `
global
  nbthread 1
  stats socket ${folder}/admin level admin
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 10s
${Object.entries(pools)
  .map(([pool, { algorithm, servers }]) => {
    const lines = Object.entries(servers).map(
      ([name, words]) => `  server ${name} unix@${folder}/server-${name} ${words}`,
    );
    return [`listen ${pool}`, `  bind unix@${folder}/${pool}`, `  balance ${algorithm}`, ...lines].join("\n");
  })
  .join("\n")}
`;
