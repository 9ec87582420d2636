import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { root } from "../../scripts/workers.ts";
import type { Comparison, Measured, Plan } from "./rounds.ts";
import { workerdVersion } from "./workerd.ts";

/** Prints what a scenario measured, and writes all of it to `bench/results`; nothing there names the machine. */
export async function report(
  scenario: string,
  plans: readonly Plan[],
  comparisons: readonly Comparison[],
): Promise<void> {
  for (const comparison of comparisons) print(scenario, comparison);
  const result = { scenario, workerd: workerdVersion, processors: availableParallelism(), plans, comparisons };
  const folder = `${root}bench/results`;
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/${scenario}.json`, `${JSON.stringify(result, null, 2)}\n`);
}

function print(scenario: string, { connections, sides, ratio }: Comparison): void {
  console.log(`\n${scenario}, ${connections} connections`);
  console.log(heading);
  for (const side of sides) console.log(row(side));
  const [middle, least, most] = [ratio.median, ratio.least, ratio.most].map((value) => value.toFixed(3));
  console.log(`ratio per CPU-second ${middle} (${least} to ${most})`);
}

const heading = "                requests/s  per CPU-second    p50 ms    p99 ms   peak MiB";

const row = ({ name, median }: Measured): string =>
  [
    name.padEnd(14),
    median.requestsPerSecond.toFixed(0).padStart(11),
    median.requestsPerCpuSecond.toFixed(0).padStart(15),
    median.p50Ms.toFixed(1).padStart(9),
    median.p99Ms.toFixed(1).padStart(9),
    median.peakMiB.toFixed(0).padStart(10),
  ].join(" ");
