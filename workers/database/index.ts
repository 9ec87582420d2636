import { env } from "cloudflare:workers";

import { FaultPort as AnyFaultPort } from "../fault-port.ts";
import type { DatabaseEnv } from "./env.ts";

export { DatabaseNode } from "./node.ts";

/** The fault port of this Worker, which can also end one of its objects. */
export class FaultPort extends AnyFaultPort {
  /** Ends the object of `node` at once, its memory lost. */
  async abort(node: string): Promise<void> {
    await (this.env as DatabaseEnv).NODE.getByName(node).crash().catch(() => undefined);
  }
}

/** The database has no pages: its nodes are reached by RPC, through the bindings of the other Workers. */
export default {
  fetch: () => new Response("Not found\n", { status: 404 }),
} satisfies ExportedHandler;
