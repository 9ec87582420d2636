import { parseArgs } from "node:util";
import { hop } from "./hop/hop.ts";
import { pick } from "./pick.ts";
import type { Plan } from "./support/rounds.ts";
import { hasWrk } from "./support/wrk.ts";

/**
 * `npm run bench`: measures Trefoil next to what it is compared with, in one run on one machine. Each scenario prints a
 * table and writes what it measured to `bench/results`.
 *
 *     npm run bench -- [--rounds N] [--seconds N] [scenario ...]
 */
const scenarios: Readonly<Record<string, (plans: readonly Plan[]) => Promise<void>>> = { hop, pick };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "7" }, seconds: { type: "string", default: "3" } },
});

const plans = [16, 64].map((connections) => ({
  connections,
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  warmUpSeconds: 5,
}));

const names = positionals.length > 0 ? positionals : Object.keys(scenarios);
const unknown = names.find((name) => !Object.hasOwn(scenarios, name));
if (unknown !== undefined) {
  console.error(`There is no scenario "${unknown}": ${Object.keys(scenarios).join(", ")}.`);
  process.exit(1);
}
if (!(await hasWrk())) {
  console.error("wrk is missing; Debian has it: apt-get install wrk");
  process.exit(1);
}
for (const name of names) await scenarios[name]?.(plans);
