import { setTimeout as sleep } from "node:timers/promises";
import { type Change, changeSchema } from "../shared/admin/servers.ts";
import { readWeight } from "../shared/balance/admin-state.ts";
import { type Command, CommandError, type Context, type ExitCode } from "./command.ts";
import { formatDuration, readDuration } from "./duration.ts";
import { readServers } from "./server-list.ts";

const pool = { pool: { type: "string" }, "no-wait": { type: "boolean" } } as const;

const help = [
  "--pool NAME   its pool, where several have a server of that name",
  "--no-wait     do not wait until it is in force",
];

/** `server ready NAME`. */
export const serverReady: Command = {
  noun: "server",
  verb: "ready",
  summary: "Have a server take requests again.",
  words: ["NAME"],
  help,
  options: pool,
  run: (context) => change(context, "state", () => ({ state: "ready" })),
};

/** `server drain NAME`. */
export const serverDrain: Command = {
  noun: "server",
  verb: "drain",
  summary: "Keep new visitors away from a server; its own stay, for a time or until they leave.",
  words: ["NAME"],
  help: ["--for 30m     after so long its own visitors move, too", ...help],
  options: { ...pool, for: { type: "string" } },
  run(context) {
    const time = context.options["for"];
    const forMs = typeof time === "string" ? { forMs: readDuration(time, "--for") } : {};
    return change(context, "state", () => ({ state: "drain", ...forMs }));
  },
};

/** `server maint NAME`. */
export const serverMaint: Command = {
  noun: "server",
  verb: "maint",
  summary: "Take a server out: it gets no requests and no checks.",
  words: ["NAME"],
  help,
  options: pool,
  run: (context) => change(context, "state", () => ({ state: "maint" })),
};

/** `server weight NAME WEIGHT`. */
export const serverWeight: Command = {
  noun: "server",
  verb: "weight",
  summary: "Give a server a weight: 0 to 256, a share of the configured one such as 50%, or default.",
  words: ["NAME", "WEIGHT"],
  help,
  options: pool,
  run: (context) => change(context, "weight", (initial) => ({ weight: weightOf(context.words[1] ?? "", initial) })),
};

function weightOf(text: string, initial: number): number | null {
  if (text === "default") return null;
  const weight = readWeight(text, initial);
  if (typeof weight === "number") return weight;
  throw new CommandError(weight, 1);
}

/** @param bodyOf what is sent, from the weight that is configured. */
async function change(
  context: Context,
  what: "state" | "weight",
  bodyOf: (initial: number) => object,
): Promise<ExitCode> {
  const { api, options, print } = context;
  const server = await findServer(context);
  const path = `servers/${server.pool}/${server.name}/${what}`;
  const changed = await api.post(path, bodyOf(server.initialWeight), changeSchema);
  if (!options["no-wait"]) await untilInForce(context, changed);
  print(options["json"] ? JSON.stringify(changed) : sentenceOf(changed, !options["no-wait"]));
  return 0;
}

/** The server that is named; the pool is found by itself where only one has a server of that name. */
async function findServer(context: Context) {
  const [name = ""] = context.words;
  const wanted = context.options["pool"];
  const { servers } = await readServers(context);
  const found = servers.filter((server) => server.name === name && (wanted === undefined || server.pool === wanted));
  const [first, ...others] = found;
  if (first === undefined) {
    const known = servers.map((server) => `${server.pool}/${server.name}`).join(", ");
    throw new CommandError(
      `There is no server ${typeof wanted === "string" ? `${wanted}/` : ""}${name}. There are: ${known}.`,
      1,
    );
  }
  if (others.length === 0) return first;
  const pools = found.map((server) => server.pool).join(", ");
  throw new CommandError(`Several pools have a server ${name}: ${pools}. Say which one: --pool ${first.pool}`, 1);
}

/** By control's clock: this one may show another time. */
async function untilInForce({ say }: Context, { nowMs, inForceAtMs }: Change): Promise<void> {
  const waitMs = Math.max(0, inForceAtMs - nowMs);
  say(`Stored. Every isolate of the front goes by it within ${formatDuration(waitMs)} ...`);
  await sleep(waitMs);
}

function sentenceOf({ server, nowMs }: Change, inForce: boolean): string {
  const { pool, name, state, weight, drainUntilMs } = server;
  const until = drainUntilMs === null ? "" : `, its own visitors move in ${formatDuration(drainUntilMs - nowMs)}`;
  return `${pool}/${name} is ${state} with weight ${weight}${until}${inForce ? ": in force everywhere." : "."}`;
}
