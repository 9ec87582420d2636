import { DurableObject } from "cloudflare:workers";

import { epoch, lsn } from "../../../shared/kernel/brand.ts";
import { Primary } from "../../../shared/replication/primary.ts";
import { Replica } from "../../../shared/replication/replica.ts";
import { StorageEngine } from "../../../workers/database/storage-engine.ts";
import type { Costs, CostScript, Written } from "./script.ts";
import { engineContract } from "../sql-engine.contract.ts";

type Records = readonly Uint8Array[];

/** Counts the rows that are written through it. */
class CountingEngine extends StorageEngine {
  #written = 0;

  override run(...statement: Parameters<StorageEngine["run"]>) {
    const result = super.run(...statement);
    this.#written += result.rowsWritten;
    return result;
  }

  /** The rows that `work` writes. */
  count(work: () => void): number {
    const before = this.#written;
    work();
    return this.#written - before;
  }
}

/** One case of the contract for each object, so that each has an empty database. */
export class EngineObject extends DurableObject {
  /** Checks case number `index`. Gives what is wrong, or `null`. */
  check(index: number): string | null {
    try {
      engineContract[index]?.check(new StorageEngine(this.ctx.storage));
      return null;
    } catch (error) {
      return String(error);
    }
  }

  /** What the statements write in a database that nobody replicates. */
  plainCost({ schema, statements }: CostScript): Written {
    const engine = new CountingEngine(this.ctx.storage);
    for (const sql of schema) engine.run(sql);
    return statements.map((sql) => engine.count(() => engine.run(sql)));
  }

  /** What they write on a primary, and the records that they leave, those of the schema first; none where nothing changed. */
  primaryCost({ schema, statements }: CostScript): { readonly written: Written; readonly records: readonly Records[] } {
    const engine = new CountingEngine(this.ctx.storage);
    const primary = new Primary(engine, epoch(1));
    const records: Records[] = [];
    const run = (sql: string) => {
      const after = lsn(primary.log.position.lsn + 1);
      const outcome = primary.execute([{ sql, parameters: [] }], 0);
      if (!outcome.ok) throw new Error(`${sql}: ${outcome.message}`);
      records.push(primary.log.read(after, { bytes: Infinity, records: Infinity }).map(({ bytes }) => bytes));
    };
    schema.forEach(run);
    return { written: statements.map((sql) => engine.count(() => run(sql))), records };
  }

  /** What each statement's records write on a replica. */
  async replicaCost(records: readonly Records[]): Promise<Written> {
    await this.ctx.storage.sync();
    const engine = new CountingEngine(this.ctx.storage);
    engine.run("PRAGMA foreign_keys = OFF");
    const replica = new Replica(engine);
    return records.map((some) =>
      engine.count(() => {
        const reply = replica.append({ epoch: epoch(1), previous: replica.log.position, records: some });
        if (!reply.ok) throw new Error(reply.message);
      }),
    );
  }
}

interface Env {
  readonly ENGINE: DurableObjectNamespace<EngineObject>;
}

/** `GET /3` checks case 3; `POST /` gives the costs of a script. */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    if (request.method === "POST") return Response.json(await costs(env, await request.json<CostScript>()));
    const index = Number(new URL(request.url).pathname.slice(1));
    return Response.json(await env.ENGINE.getByName(String(index)).check(index));
  },
};

async function costs({ ENGINE }: Env, script: CostScript): Promise<Costs> {
  const object = () => ENGINE.get(ENGINE.newUniqueId());
  const plain = await object().plainCost(script);
  const { written, records } = await object().primaryCost(script);
  const replica = await object().replicaCost(records);
  return { plain, primary: written, replica: replica.slice(script.schema.length) };
}
