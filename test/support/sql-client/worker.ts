import type { TestSite } from "../site.ts";

/** The Worker of this folder, for `startSite({ add: [sqlClient] })`. */
export const sqlClient = { name: "sql-client", config: "test/support/sql-client/wrangler.toml" } as const;

/** A call of the database client. */
export interface Call {
  readonly method: "run" | "all" | "first" | "raw" | "batch" | "exec";
  readonly sql: string | readonly string[];
  /** JSON values; `{ big: "123" }` stands for a bigint, `{ blob: [1, 2] }` for bytes. */
  readonly values?: readonly unknown[];
}

/** Calls that one session makes one after the other. */
export interface Script {
  /** Where the session starts; without it, the calls are made outside of any session. */
  readonly start?: string;
  readonly calls: readonly Call[];
}

/** What came of a script. */
export interface Outcome {
  readonly results: readonly unknown[];
  readonly error?: { readonly message: string; readonly code?: string; readonly retryable?: boolean };
  readonly bookmark: string | null;
  readonly servedBy: string | null;
  readonly written: string | null;
  /** What the session that this one was opened from counts as written. */
  readonly writtenInParent: string | null;
}

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
