import type { Server } from "./server.ts";
import { median, type Ratio, ratioOf } from "./statistics.ts";
import { type Load, sendLoad } from "./wrk.ts";

/** One of the things that are compared. */
export interface Side {
  readonly name: string;
  /** The process that does all its work. Two sides may share one: they are measured in turns. */
  readonly server: Server;
  readonly load: Omit<Load, "connections" | "seconds">;
}

/** How long and how often. */
export interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly connections: number;
}

/** What one side did in one round. */
export interface Sample {
  readonly requestsPerSecond: number;
  /** Requests per second of user and system time of the server. */
  readonly requestsPerCpuSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly peakMiB: number;
}

/** The rounds of one side, and the middle of each figure. */
export interface Measured {
  readonly name: string;
  readonly median: Sample;
  readonly rounds: readonly Sample[];
}

/** Two sides at one concurrency. */
export interface Comparison {
  readonly connections: number;
  readonly sides: readonly [Measured, Measured];
  /** Requests per CPU-second of the first side by those of the second, round by round. */
  readonly ratio: Ratio;
}

/**
 * Measures two sides in turns, A B A B, so that what else the machine does meets both.
 *
 * @throws when an answer is wrong: the figures of a server that fails say nothing.
 */
export async function compare(sides: readonly [Side, Side], plan: Plan): Promise<Comparison> {
  for (const side of sides) await sample(side, plan.connections, plan.warmUpSeconds);
  const rounds: (readonly [Sample, Sample])[] = [];
  for (let round = 0; round < plan.rounds; round++)
    rounds.push([
      await sample(sides[0], plan.connections, plan.seconds),
      await sample(sides[1], plan.connections, plan.seconds),
    ]);
  const [ours, theirs] = [rounds.map(([sampled]) => sampled), rounds.map(([, sampled]) => sampled)];
  return {
    connections: plan.connections,
    sides: [summary(sides[0].name, ours), summary(sides[1].name, theirs)],
    ratio: ratioOf(ours.map(perCpuSecond), theirs.map(perCpuSecond)),
  };
}

const perCpuSecond = ({ requestsPerCpuSecond }: Sample) => requestsPerCpuSecond;

async function sample({ name, server, load }: Side, connections: number, seconds: number): Promise<Sample> {
  server.resetPeak();
  const startCpuSeconds = server.cpuSeconds();
  const { requests, durationUs, p50Us, p99Us, failed } = await sendLoad({ ...load, connections, seconds });
  const cpuSeconds = server.cpuSeconds() - startCpuSeconds;
  if (failed > 0) throw new Error(`${name}: ${failed} of ${requests} answers were wrong or did not come.`);
  return {
    requestsPerSecond: (requests / durationUs) * 1e6,
    requestsPerCpuSecond: requests / cpuSeconds,
    p50Ms: p50Us / 1000,
    p99Ms: p99Us / 1000,
    peakMiB: server.peakBytes() / 1024 ** 2,
  };
}

function summary(name: string, rounds: readonly Sample[]): Measured {
  const middle = (figure: keyof Sample) => median(rounds.map((sampled) => sampled[figure]));
  return {
    name,
    rounds,
    median: {
      requestsPerSecond: middle("requestsPerSecond"),
      requestsPerCpuSecond: middle("requestsPerCpuSecond"),
      p50Ms: middle("p50Ms"),
      p99Ms: middle("p99Ms"),
      peakMiB: middle("peakMiB"),
    },
  };
}
