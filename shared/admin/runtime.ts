import { type AdminChange, readWeight } from "../balance/admin-state.ts";
import { type ControlState, findPool, findServer, type ServerState } from "../balance/control-state.ts";
import type { AdminState } from "../balance/snapshot.ts";
import { type Loads, showInfo, showServersConn, showServersState } from "./runtime-tables.ts";

/** What the commands of the Runtime API work on. */
export interface RuntimeHost {
  readonly state: ControlState;
  readonly nowMs: number;
  /** Requests under way at each server. */
  readonly loads: Loads;
  /** The statistics as HAProxy's CSV. */
  stat(): string;
  change(server: ServerState, change: AdminChange): void;
  /** Begins to count anew: the largest values, or all. */
  clear(what: "maxima" | "all"): void;
}

interface Command {
  /** The words that it begins with. */
  readonly words: readonly string[];
  readonly usage: string;
  readonly summary: string;
  run(rest: readonly string[], host: RuntimeHost): string;
}

/**
 * HAProxy's Runtime API (management.txt 9.3): the commands that mean something here, in its words and with its answers,
 * errors included. Commands are separated by `;` or lines; each one's answer ends with an empty line, but for two errors
 * that HAProxy gives without one.
 */
export const runCommands = (text: string, host: RuntimeHost): string =>
  text
    .split(/[;\n]/)
    .map((line) => line.trim().split(/\s+/))
    .filter(([first]) => first !== "")
    .map((words) => runCommand(words, host))
    .join("");

function runCommand(words: readonly string[], host: RuntimeHost): string {
  const found = commands.find((command) => command.words.every((word, at) => words[at] === word));
  return found ? found.run(words.slice(found.words.length), host) : suggestionsFor(words);
}

/** An answer, with the empty line after it. */
const said = (text: string): string => `${text}\n\n`;

/** What was done without a word. */
const done = "\n";

const commands: readonly Command[] = [
  {
    words: ["clear", "counters"],
    usage: "clear counters [all]",
    summary: "clear max statistics counters (or all counters)",
    run: ([what], host) => {
      host.clear(what === "all" ? "all" : "maxima");
      return done;
    },
  },
  {
    words: ["disable", "server"],
    usage: "disable server (DEPRECATED)",
    summary: "disable a server for maintenance (use 'set server' instead)",
    run: ([name], host) => withServer(name, host, (server) => setState(server, "maint", host)),
  },
  {
    words: ["enable", "server"],
    usage: "enable server  (DEPRECATED)",
    summary: "enable a disabled server (use 'set server' instead)",
    run: ([name], host) => withServer(name, host, (server) => enable(server, host)),
  },
  {
    words: ["get", "weight"],
    usage: "get weight <bk>/<srv>",
    summary: "report a server's current weight",
    run: ([name], host) =>
      withServer(name, host, ({ record, config }) =>
        said(`${record.weight ?? config.weight} (initial ${config.weight})`),
      ),
  },
  {
    words: ["set", "server"],
    usage: "set server <bk>/<srv> [opts]",
    summary: "change a server's state or weight",
    run: ([name, ...rest], host) => withServer(name, host, (server) => setServer(server, rest, host)),
  },
  {
    words: ["set", "weight"],
    usage: "set weight <bk>/<srv>  (DEPRECATED)",
    summary: "change a server's weight (use 'set server' instead)",
    run: ([name, weight], host) => withServer(name, host, (server) => setWeight(server, weight, host)),
  },
  {
    words: ["show", "info"],
    usage: "show info",
    summary: "report information about the running process",
    run: (_, { state, loads, nowMs }) => said(showInfo(state, loads, nowMs)),
  },
  {
    words: ["show", "servers", "conn"],
    usage: "show servers conn [<backend>]",
    summary: "dump server connections status (all or for a single backend)",
    run: ([pool], host) => withPools(pool, host, (pools) => showServersConn(pools, host.loads)),
  },
  {
    words: ["show", "servers", "state"],
    usage: "show servers state [<backend>]",
    summary: "dump volatile server information (all or for a single backend)",
    run: ([pool], host) => withPools(pool, host, (pools) => showServersState(pools, host.nowMs)),
  },
  {
    words: ["show", "stat"],
    usage: "show stat",
    summary: "report counters for each proxy and server",
    run: (_, host) => said(host.stat().trimEnd()),
  },
  {
    words: ["help"],
    usage: "help [<command>]",
    summary: "list matching or all commands",
    run: (words) => said(`The following commands are valid at this level:\n${listOf(matching(words))}`),
  },
];

function withServer(name: string | undefined, { state }: RuntimeHost, act: (server: ServerState) => string): string {
  const [pool = "", server] = name?.split("/") ?? [];
  if (server === undefined) return said("Require 'backend/server'.");
  if (findPool(state, pool) === null) return said("No such backend.");
  const found = findServer(state, pool, server);
  return found === null ? said("No such server.") : act(found);
}

function withPools(
  name: string | undefined,
  { state }: RuntimeHost,
  show: (pools: ControlState["pools"]) => string,
): string {
  const pools = state.pools.filter((pool) => name === undefined || pool.name === name);
  return said(pools.length === 0 ? "Can't find backend." : show(pools));
}

function setServer(server: ServerState, [what, value]: readonly string[], host: RuntimeHost): string {
  switch (what) {
    case "weight":
      return setWeight(server, value, host);
    case "state":
      if (value === "ready" || value === "drain" || value === "maint") return setState(server, value, host);
      return said("'set server <srv> state' expects 'ready', 'drain' and 'maint'.");
    case "health":
      if (value !== "up" && value !== "stopping" && value !== "down")
        return said("'set server <srv> health' expects 'up', 'stopping', or 'down'.");
      host.change(server, { type: "health", health: value });
      return done;
    default:
      return said("usage: set server <backend>/<server> health | state | weight");
  }
}

function setState(server: ServerState, state: AdminState, host: RuntimeHost): string {
  host.change(server, { type: "state", state, forMs: null });
  return done;
}

/** HAProxy, `cli_parse_enable_server`: leaves maintenance, and nothing else. */
const enable = (server: ServerState, host: RuntimeHost): string =>
  server.record.admin === "maint" ? setState(server, "ready", host) : done;

function setWeight(server: ServerState, text: string | undefined, host: RuntimeHost): string {
  const weight = readWeight(text ?? "", server.config.weight);
  if (typeof weight === "number") {
    host.change(server, { type: "weight", weight: weight === server.config.weight ? null : weight });
    return done;
  }
  return weight.endsWith(".") ? said(weight) : `${weight}\n`;
}

/** The commands that begin with these words, or all if none does. */
function matching(words: readonly string[]): readonly Command[] {
  const found = commands.filter((command) => words.every((word, at) => command.words[at]?.startsWith(word)));
  return found.length === 0 ? commands : found;
}

const listOf = (some: readonly Command[]): string =>
  some.map(({ usage, summary }) => `  ${usage.padEnd(40)}: ${summary}`).join("\n");

const suggestionsFor = (words: readonly string[]): string =>
  said(
    `Unknown command, but maybe one of the following ones is a better match:\n${listOf(matching(words.slice(0, 1)))}`,
  );
