import site from "#site";
import type { Bookmark } from "../../../shared/kernel/brand.ts";
import { quoteName } from "../../../shared/sql/names.ts";
import { DatabaseError, openDatabase, type DatabaseSession } from "../../../workers/database/client.ts";
import type { DatabaseNode } from "../../../workers/database/node.ts";
import { argumentOf, type FuzzEvent, type FuzzStatement, type Run } from "../../fuzz/history.ts";
import { difference, dump, type Dump } from "../dump.ts";

interface Env {
  readonly NODE: DurableObjectNamespace<DatabaseNode>;
}

const { primary, replicas } = site.database;

/** Failures that a statement may meet. Any other one is a finding. */
const expected = new Set(["sql-error", "statement-refused", "bad-request", "transaction-too-large"]);

/** An AUTOINCREMENT counter at its end (https://sqlite.org/autoinc.html): a node cannot tell that from a full disk. */
const fullCounter = /database or disk is full: SQLITE_FULL/;

/** Time for a replica to come to where the primary stands: it may have been evicted, and its primary too. */
const catchUpMs = 30_000;

/** Time for a replica to be filled anew, with 50,000 rows at most, and to have them all checked, on a machine with other work. */
const fillMs = 90_000;

/** A replica that has still not begun by then waits for the schema to stay as it is (`limits.snapshotWaitMs`). */
const calmMs = 2_000;

/** Time between two looks at a replica that is filled. */
const pollMs = 5;

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const events = await request.json<FuzzEvent[]>();
    const database = openDatabase(env.NODE, site.database, "fuzz-client", () => "primary", { integers: "bigint" });
    const session = database.withSession("primary");
    const run = new SiteRun(env, session);
    return Response.json(new URL(request.url).pathname === "/clear" ? await run.clear() : await run.play(events));
  },
};

class SiteRun {
  readonly #env: Env;
  readonly #session: DatabaseSession;
  #committed = 0;
  #batches = 0;

  constructor(env: Env, session: DatabaseSession) {
    this.#env = env;
    this.#session = session;
  }

  async play(events: readonly FuzzEvent[]): Promise<Run> {
    let problem: string | null = null;
    for (const event of events) {
      if (event.type === "batch") problem = await this.#batch(event.statements);
      if (event.type === "rebuild") await this.#rebuild(replicas[event.node - 1]);
      if (event.type === "check") problem = await this.#check();
      if (problem !== null) break;
    }
    return { problem, committed: this.#committed, batches: this.#batches };
  }

  /** Drops all there is, through the log as everything else; what a foreign key holds goes in a later pass. */
  async clear(): Promise<Run> {
    let objects = await this.#objects();
    for (let before = Infinity; objects.length > 0 && objects.length < before;) {
      before = objects.length;
      for (const [type, name] of objects)
        await this.#batch([{ sql: `DROP ${String(type)} ${quoteName(String(name))}`, values: [] }]);
      objects = await this.#objects();
    }
    const left = objects.length > 0 ? `cannot be dropped: ${objects.map(([, name]) => String(name)).join(", ")}` : null;
    return { problem: left ?? (await this.#check()), committed: 0, batches: 0 };
  }

  /** Tables and views, the youngest first: what refers goes before what it refers to. */
  async #objects(): Promise<unknown[][]> {
    const sql = `SELECT m.type, m.name FROM sqlite_master AS m JOIN pragma_table_list AS l ON l.name = m.name
      WHERE l.type <> 'shadow' ORDER BY m.rowid DESC`;
    const rows = await this.#read(primary, null, sql);
    return rows.filter(([, name]) => !/^(_trefoil_|_cf_|__miniflare_|sqlite_)/i.test(String(name)));
  }

  async #batch(statements: readonly FuzzStatement[]): Promise<string | null> {
    this.#batches += 1;
    try {
      await this.#session.batch(
        statements.map(({ sql, values }) => this.#session.prepare(sql).bind(...values.map(argumentOf))),
      );
      this.#committed += 1;
      return null;
    } catch (error) {
      if (error instanceof DatabaseError && (expected.has(error.code) || fullCounter.test(error.message))) return null;
      return `${String(error)} at ${JSON.stringify(statements)}`;
    }
  }

  async #check(): Promise<string | null> {
    const bookmark = this.#session.getBookmark();
    try {
      await Promise.all(replicas.map((node) => this.#filled(node)));
      const wanted = await this.#dump(primary, bookmark);
      const others = await Promise.all(replicas.map((node) => this.#dump(node, bookmark)));
      const found = others.map((other, at) => [replicas[at], difference(wanted, other)]).filter(([, lines]) => lines);
      return found.length === 0 ? null : found.map(([node, lines]) => `${node} differs:\n${lines}`).join("\n");
    } catch (error) {
      return String(error);
    }
  }

  #rebuild(node: string | undefined): Promise<void> {
    return this.#env.NODE.getByName(String(node)).rebuild("fuzz-client");
  }

  /** Waits until a replica that is filled anew serves. One that met changes of the schema too often is told to go on now. */
  async #filled(node: string): Promise<void> {
    const sinceMs = Date.now();
    for (let toldAgain = false; ;) {
      const { standing } = await this.#env.NODE.getByName(node).status();
      if (standing === "following") return;
      const waitedMs = Date.now() - sinceMs;
      if (standing === "diverged" || waitedMs > fillMs) throw new Error(`${node} stays ${standing}`);
      if (standing === "wanted" && waitedMs > calmMs && !toldAgain) {
        toldAgain = true;
        await this.#rebuild(node);
      }
      await scheduler.wait(pollMs);
    }
  }

  #dump(node: string, bookmark: string | null): Promise<Dump> {
    return dump((sql) => this.#read(node, bookmark, sql));
  }

  async #read(node: string, bookmark: string | null, sql: string): Promise<unknown[][]> {
    const reply = await this.#env.NODE.getByName(node).query({
      client: "fuzz-client",
      statements: [{ sql, parameters: [] }],
      bookmark: bookmark as Bookmark | null,
      waitMs: catchUpMs,
    });
    if (!reply.ok) throw new Error(`${node}: ${reply.code}: ${reply.message}`);
    return (reply.results[0]?.rows ?? []).map((row) => [...row]);
  }
}
