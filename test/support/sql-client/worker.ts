import type { Outcome, Script } from "./script.ts";
import type { TestSite } from "../site.ts";

/** The Worker of this folder, for `startSite({ add: [sqlClient] })`. */
export const sqlClient = { name: "sql-client", config: "test/support/sql-client/wrangler.toml" } as const;

/** Lets the client's Worker play `script`. */
export async function play(site: TestSite, script: Script): Promise<Outcome> {
  const response = await site
    .worker("sql-client")
    .fetch("http://client/", { method: "POST", body: JSON.stringify(script) });
  if (!response.ok) throw new Error(`the client's Worker failed: ${response.status} ${await response.text()}`);
  return (await response.json()) as Outcome;
}

/** Reads rows from exactly this node, whatever it holds. */
export async function readFrom(site: TestSite, node: string, sql: string): Promise<unknown[][]> {
  const response = await site.worker("sql-client").fetch(`http://client/${node}`, { method: "POST", body: sql });
  const reply = (await response.json()) as { ok: boolean; message?: string; results: { rows: unknown[][] }[] };
  if (!reply.ok) throw new Error(`${node}: ${reply.message}`);
  return reply.results[0]?.rows ?? [];
}
