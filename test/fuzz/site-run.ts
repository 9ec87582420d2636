import { fuzzClient } from "../support/fuzz-client/worker.ts";
import { fuzzDatabase } from "../support/fuzz-database/worker.ts";
import { startSite, type SiteOptions, type TestSite } from "../support/site.ts";
import type { FuzzEvent, History, Run } from "./history.ts";

/** The site to fuzz: one replica reads in reverse, and a Worker plays histories. */
export const startFuzzSite = (options: SiteOptions = {}): Promise<TestSite> =>
  startSite({ ...options, replace: [fuzzDatabase], add: [fuzzClient] });

/**
 * Lets a history happen to the nodes of a site, whose database is empty before and after: the real Durable Objects, the
 * real client. After a problem the site is of no more use.
 */
export async function runOnSite(site: TestSite, history: History): Promise<Run> {
  let [committed, batches] = [0, 0];
  for (const part of partsOf(history)) {
    if (part.type === "restart") {
      await restart(site, `db-${part.node + 1}`);
      continue;
    }
    const run = await ask(site, "play", part.events);
    committed += run.committed;
    batches += run.batches;
    if (run.problem !== null) return { problem: await explain(site, run.problem), committed, batches };
  }
  const { problem } = await ask(site, "clear", []);
  return { problem, committed, batches };
}

/** A problem with what the nodes say of themselves and of each other. */
async function explain(site: TestSite, problem: string): Promise<string> {
  const response = await site.admin("/_trefoil/api/status");
  const { nodes } = (await response.json()) as { nodes: unknown };
  return `${problem}\n${JSON.stringify(nodes)}`;
}

/** A node that is not running, because it was restarted just now, has nothing to lose. */
async function restart(site: TestSite, name: string): Promise<void> {
  try {
    await site.worker("database").evictDurableObject("DatabaseNode", { name });
  } catch (error) {
    if (!String(error).includes("not currently running")) throw error;
  }
}

type Part =
  | { readonly type: "restart"; readonly node: number }
  | { readonly type: "play"; readonly events: readonly FuzzEvent[] };

/** What one request to the client's Worker can do: all up to the next restart. */
function partsOf(history: History): Part[] {
  const parts: Part[] = [];
  let events: FuzzEvent[] = [];
  for (const event of history) {
    if (event.type === "restart") {
      parts.push({ type: "play", events }, event);
      events = [];
    } else events.push(event);
  }
  return [...parts, { type: "play", events }];
}

async function ask(site: TestSite, what: "play" | "clear", events: readonly FuzzEvent[]): Promise<Run> {
  const response = await site
    .worker("fuzz-client")
    .fetch(`http://client/${what}`, { method: "POST", body: JSON.stringify(events) });
  const answer = await response.text();
  if (!response.ok)
    return { problem: `the client's Worker failed: ${response.status} ${answer}`, committed: 0, batches: 0 };
  return JSON.parse(answer) as Run;
}
