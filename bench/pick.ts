import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Algorithm, type Backend, weightScale } from "../shared/balance/algorithm.ts";
import { algorithms, type AlgorithmName } from "../shared/balance/algorithms.ts";
import { median } from "./support/statistics.ts";

/**
 * What it costs to choose a server, from 3 to 1,000 of them: time of one request in all that an algorithm does for it, the
 * choice and the two changes of the server's load.
 */

const sizes = [3, 10, 30, 100, 300, 1000];
const rounds = 11;
/** Processor time of one round: the clock that counts it has steps of some microseconds to milliseconds. */
const roundUs = 30_000;
const warmUpRequests = 200_000;
/** Requests under way at once, for each server. */
const loadPerServer = 2;

type Server = { -readonly [Key in keyof Backend]: Backend[Key] };

/** The times of one algorithm with pools of one size, in nanoseconds for each request. */
export interface PickResult {
  readonly algorithm: AlgorithmName;
  readonly servers: number;
  readonly medianNs: number;
  readonly leastNs: number;
  readonly mostNs: number;
}

/** A pool under a steady load: with each request that comes, the oldest one goes. */
class LoadedPool {
  readonly algorithm: AlgorithmName;
  readonly size: number;
  readonly timesNs: number[] = [];
  readonly #algorithm: Algorithm;
  readonly #underWay: (Server | null)[];
  readonly #requestsPerRound: number;
  #next = 0;

  constructor(algorithm: AlgorithmName, size: number) {
    this.algorithm = algorithm;
    this.size = size;
    this.#algorithm = algorithms[algorithm]({ draws: 2 });
    this.#algorithm.update(mixedServers(size));
    this.#underWay = Array.from({ length: size * loadPerServer }, () => null);
    this.run(warmUpRequests);
    const startUs = cpuUs();
    this.run(warmUpRequests);
    this.#requestsPerRound = Math.ceil((warmUpRequests * roundUs) / Math.max(1000, cpuUs() - startUs));
  }

  run(requests: number): void {
    const draw = { key: "", random: Math.random };
    const isOut = ({ load }: Backend) => load >= Number.MAX_SAFE_INTEGER;
    for (let request = 0; request < requests; request++) {
      draw.key = keys[request % keys.length] ?? "";
      const server = this.#algorithm.pick(draw, isOut);
      if (server !== null) this.#load(server, 1);
      const oldest = this.#underWay[this.#next] ?? null;
      if (oldest !== null) this.#load(oldest, -1);
      this.#underWay[this.#next] = server;
      this.#next = (this.#next + 1) % this.#underWay.length;
    }
  }

  measure(): void {
    const startUs = cpuUs();
    this.run(this.#requestsPerRound);
    this.timesNs.push((1000 * (cpuUs() - startUs)) / this.#requestsPerRound);
  }

  #load(server: Server, change: number): void {
    server.load += change;
    this.#algorithm.loadChanged(server);
  }
}

/** Time that this thread has had a processor for: others on the machine do not count. */
function cpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** Addresses, as `hash` sees them. */
const keys = Array.from({ length: 4096 }, (_, index) => `203.0.${index >> 8}.${index & 255}`);

/** Weights from 1 to 256, most of them different. */
const mixedServers = (size: number): Server[] =>
  Array.from({ length: size }, (_, position) => ({
    name: `server-${position}`,
    position,
    effectiveWeight: weightScale * (1 + ((position * 97) % 256)),
    load: 0,
  }));

/** Measures all algorithms in turns, so that whatever else the machine does falls on all of them. */
function measurePicks(): PickResult[] {
  const names = Object.keys(algorithms) as AlgorithmName[];
  const pools = names.flatMap((name) => sizes.map((size) => new LoadedPool(name, size)));
  for (let round = 0; round < rounds; round++) for (const pool of pools) pool.measure();
  return pools.map(({ algorithm, size, timesNs }) => ({
    algorithm,
    servers: size,
    medianNs: Math.round(median(timesNs)),
    leastNs: Math.round(Math.min(...timesNs)),
    mostNs: Math.round(Math.max(...timesNs)),
  }));
}

/** Prints the medians as a table, and writes all to `bench/results/pick.json`. */
export async function pick(): Promise<void> {
  const results = measurePicks();
  const names = Object.keys(algorithms);
  const row = (cells: readonly (string | number)[]) => cells.map((cell) => `${cell}`.padStart(12)).join("");
  console.log(`Nanoseconds for each request, median of ${rounds} rounds; mixed weights\n`);
  console.log(row(["servers", ...names]));
  for (const size of sizes)
    console.log(row([size, ...results.filter(({ servers }) => servers === size).map(({ medianNs }) => medianNs)]));
  const folder = join(import.meta.dirname, "results");
  await mkdir(folder, { recursive: true });
  const file = { unit: "nanoseconds per request", node: process.version, rounds, results };
  await writeFile(join(folder, "pick.json"), `${JSON.stringify(file, null, 2)}\n`);
}

if (import.meta.main) await pick();
