import { DurableObject } from "cloudflare:workers";

import { StorageEngine } from "../../../workers/database/storage-engine.ts";
import { engineContract } from "../sql-engine.contract.ts";

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
}

interface Env {
  readonly ENGINE: DurableObjectNamespace<EngineObject>;
}

/** `GET /3` checks case 3. */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const index = Number(new URL(request.url).pathname.slice(1));
    return Response.json(await env.ENGINE.getByName(String(index)).check(index));
  },
};
