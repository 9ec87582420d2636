import { setTimeout as sleep } from "node:timers/promises";
import { type ServerDetail, type Servers, serversSchema } from "../shared/admin/servers.ts";
import type { Command, Context, ExitCode } from "./command.ts";
import { formatDuration } from "./duration.ts";
import { formatTable } from "./table.ts";

/** `server list`: every server of every pool, as HAProxy's statistics page has them. */
export const serverList: Command = {
  noun: "server",
  verb: "list",
  summary: "Print the servers' states, weights and checks.",
  help: ["--pool NAME   of this pool alone", "--watch       again every two seconds, until interrupted"],
  options: { pool: { type: "string" }, watch: { type: "boolean" } },
  async run(context) {
    while (context.options["watch"]) {
      await show(context);
      await sleep(watchMs);
    }
    return show(context);
  },
};

const watchMs = 2000;

/** Prints the servers once. */
async function show(context: Context): Promise<ExitCode> {
  const all = await readServers(context);
  const { pool, json } = context.options;
  const shown = { ...all, servers: all.servers.filter((server) => pool === undefined || server.pool === pool) };
  context.print(json ? JSON.stringify(shown) : printServers(shown));
  return verdict(shown.servers);
}

/** The servers as control knows them. */
export const readServers = ({ api }: Context): Promise<Servers> => api.get("servers", {}, serversSchema);

/** 0: all serve everybody; 1: some do not; 2: a pool has nobody left. */
function verdict(servers: readonly ServerDetail[]): ExitCode {
  const pools = Map.groupBy(servers, ({ pool }) => pool);
  if ([...pools.values()].some((some) => !some.some(serves))) return 2;
  return servers.every(serves) ? 0 : 1;
}

const serves = ({ admin, health, ejectedUntilMs }: ServerDetail): boolean =>
  admin === "ready" && health === "up" && ejectedUntilMs === null;

const printServers = ({ servers, nowMs }: Servers): string =>
  formatTable([
    ["POOL", "SERVER", "STATE", "WEIGHT", "CHECK", "SINCE", "NOTE"],
    ...servers.map((server) => rowOf(server, nowMs)),
  ]);

function rowOf(server: ServerDetail, nowMs: number): string[] {
  const { pool, name, state, weight, initialWeight, changedAtMs } = server;
  const share = weight === initialWeight ? `${weight}` : `${weight} (${initialWeight})`;
  return [pool, name, state, share, checkOf(server), formatDuration(nowMs - changedAtMs), noteOf(server, nowMs)];
}

/** As HAProxy's page: `L7OK/200 in 3ms`. */
function checkOf({ lastCheck }: ServerDetail): string {
  if (lastCheck === null) return "-";
  const { status, code, durationMs } = lastCheck;
  return `${status}${code === null ? "" : `/${code}`} in ${durationMs}ms`;
}

function noteOf({ backup, drainUntilMs, ejectedUntilMs, lastCheck }: ServerDetail, nowMs: number): string {
  const notes = [
    backup ? "backup" : "",
    drainUntilMs === null ? "" : drainUntilMs > nowMs ? `drains ${formatDuration(drainUntilMs - nowMs)}` : "drained",
    ejectedUntilMs === null ? "" : `too slow, rests ${formatDuration(ejectedUntilMs - nowMs)}`,
    lastCheck?.detail ?? "",
  ];
  return notes.filter((note) => note !== "").join("; ");
}
