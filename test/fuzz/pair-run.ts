import type { Argument } from "../../shared/sql/parameters.ts";
import { difference } from "../support/dump.ts";
import { Pair } from "../support/pair.ts";
import { argumentOf, type FuzzEvent, type FuzzStatement, type History, type Run } from "./history.ts";

/** Lets a history happen to a primary and a replica over `node:sqlite`; the replica reads in reverse where the order is free. */
export async function runOnPair(history: History): Promise<Run> {
  const pair = new Pair();
  pair.replicaEngine.run("PRAGMA reverse_unordered_selects = ON");
  const counts = { committed: 0, batches: 0 };
  for (const [at, event] of history.entries()) {
    const problem = await happen(pair, event, counts);
    if (problem !== null) return { ...counts, problem: `event ${at}: ${problem}` };
  }
  return { ...counts, problem: null };
}

async function happen(
  pair: Pair,
  event: FuzzEvent,
  counts: { committed: number; batches: number },
): Promise<string | null> {
  try {
    if (event.type === "restart") pair.restart();
    if (event.type === "check") return await compare(pair);
    if (event.type !== "batch") return null;
    counts.batches += 1;
    const before = pair.primary.log.position.lsn;
    const { ok } = pair.batch(...event.statements.map(asCall));
    counts.committed += ok ? 1 : 0;
    return ok || pair.primary.log.position.lsn === before ? null : "a batch that failed left a record";
  } catch (error) {
    return String(error);
  }
}

const asCall = ({ sql, values }: FuzzStatement): [string, ...Argument[]] => [sql, ...values.map(argumentOf)];

async function compare(pair: Pair): Promise<string | null> {
  const reply = pair.ship();
  if (!reply.ok) return `${reply.code}: ${reply.message}`;
  const { primary, replica } = await pair.dumps();
  return difference(primary, replica) || null;
}
