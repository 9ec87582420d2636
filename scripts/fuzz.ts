import { rm, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { generate } from "../test/fuzz/generate.ts";
import { type History, type Run, snapshotsIn, statementsIn } from "../test/fuzz/history.ts";
import { runOnPair } from "../test/fuzz/pair-run.ts";
import { shrink } from "../test/fuzz/shrink.ts";
import { runOnSite, startFuzzSite } from "../test/fuzz/site-run.ts";
import { bundleAll } from "../test/support/build.ts";
import { fuzzClient } from "../test/support/fuzz-client/worker.ts";
import { fuzzDatabase } from "../test/support/fuzz-database/worker.ts";
import { activateSite } from "./site.ts";
import { root, workers } from "./workers.ts";

/**
 * `npm run fuzz`: random schemas and statements through the real Durable Objects, until the time is up or a replica
 * differs from its primary. What fails is cut down to what it needs and kept in `test/fuzz/seeds`, which `npm test` runs.
 *
 *     npm run fuzz -- --minutes N             new seeds for N minutes (1 if not said)
 *     npm run fuzz -- --seed N                this one seed
 *     npm run fuzz -- --minutes N --seed N    from this seed on
 */
class UsageError extends Error {
  override readonly name = "UsageError";
}

interface Plan {
  readonly firstSeed: number;
  readonly untilMs: number;
}

function readPlan(args: string[]): Plan {
  const { values } = parseArgs({ args, options: { minutes: { type: "string" }, seed: { type: "string" } } });
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  const minutes = Number(values.minutes ?? (values.seed === undefined ? 1 : 0));
  if (!Number.isInteger(seed) || seed < 0)
    throw new UsageError(`--seed is "${values.seed}"; a whole number is needed.`);
  if (!(minutes >= 0)) throw new UsageError(`--minutes is "${values.minutes}"; a number is needed.`);
  return { firstSeed: seed, untilMs: Date.now() + minutes * 60_000 };
}

/** How many shorter histories are tried: over `node:sqlite` each takes milliseconds, on a site up to two seconds. */
const tries = { pair: 5000, site: 150 };

/** Histories on a site, which is made anew after each that failed. */
class Fuzzer {
  readonly #bundles: string;
  #site: ReturnType<typeof startFuzzSite> | undefined;

  constructor(bundles: string) {
    this.#bundles = bundles;
  }

  async run(history: History): Promise<Run> {
    const site = await (this.#site ??= startFuzzSite({ bundles: this.#bundles }));
    const run = await runOnSite(site, history);
    if (run.problem !== null) await this.close();
    return run;
  }

  async close(): Promise<void> {
    await (await this.#site)?.close();
    this.#site = undefined;
  }

  /**
   * The shortest history found that fails, over `node:sqlite` if it fails there too. One that does not fail again on a new
   * site, for it takes chance or what was before, stays as it is.
   */
  async shrink(history: History): Promise<History> {
    const failsOnPair = async (candidate: History) => (await runOnPair(candidate)).problem !== null;
    if (await failsOnPair(history)) return shrink(history, failsOnPair, tries.pair);
    const failsOnSite = async (candidate: History) => (await this.run(candidate)).problem !== null;
    return (await failsOnSite(history)) ? shrink(history, failsOnSite, tries.site) : history;
  }
}

/** @returns whether no seed failed. */
async function fuzz({ firstSeed, untilMs }: Plan, fuzzer: Fuzzer): Promise<boolean> {
  let [seed, statements, snapshots, committed, batches] = [firstSeed, 0, 0, 0, 0];
  do {
    const history = generate(seed);
    const run = await fuzzer.run(history);
    if (run.problem !== null) return report(seed, run.problem, await fuzzer.shrink(history));
    statements += statementsIn(history);
    snapshots += snapshotsIn(history);
    committed += run.committed;
    batches += run.batches;
    seed += 1;
  } while (Date.now() < untilMs);
  console.log(
    `seeds ${firstSeed} to ${seed - 1}: ${seed - firstSeed} schemas, ${statements} statements, ${snapshots} snapshots, ` +
      `${committed} of ${batches} batches committed, no difference`,
  );
  return true;
}

async function report(seed: number, problem: string, history: History): Promise<boolean> {
  const file = `test/fuzz/seeds/${seed}.json`;
  await writeFile(root + file, `${JSON.stringify({ problem, history }, null, 2)}\n`);
  console.log(`seed ${seed} fails: ${problem}\n\n${statementsIn(history)} statements do it, kept in ${file}:`);
  for (const event of history)
    console.log(
      `  ${event.type === "batch" ? event.statements.map(({ sql }) => sql).join("; ") : JSON.stringify(event)}`,
    );
  return false;
}

async function main(plan: Plan): Promise<boolean> {
  const { environment } = await activateSite(process.env);
  const bundles = await bundleAll(environment, [...workers, fuzzClient, fuzzDatabase]);
  const fuzzer = new Fuzzer(bundles);
  try {
    console.log(`from seed ${plan.firstSeed} on`);
    return await fuzz(plan, fuzzer);
  } finally {
    await fuzzer.close();
    await rm(bundles, { recursive: true, force: true });
  }
}

try {
  process.exitCode = (await main(readPlan(process.argv.slice(2)))) ? 0 : 1;
} catch (error) {
  if (!(error instanceof UsageError || (error instanceof TypeError && "code" in error))) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
