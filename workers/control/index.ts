import { WorkerEntrypoint } from "cloudflare:workers";
import type { Fault } from "../../shared/admin/fault.ts";
import type { Report, SyncReply } from "../../shared/balance/report.ts";
import { underFaults } from "../common/fault-port.ts";
import { app } from "./app.tsx";
import { controlOf, type ControlEnv } from "./env.ts";
import { faultsInForce, faultsPath } from "./faults.ts";

export { Control } from "./object.ts";

/**
 * Beside the way of a request: the admin API and its page. Only the front can reach it, and has checked the credential.
 * Its own faults spare the fault routes, so that they can be cleared.
 */
export default class ControlEntrypoint extends WorkerEntrypoint<ControlEnv> {
  override fetch(request: Request): Response | Promise<Response> {
    const answer = () => app.fetch(request, this.env, this.ctx);
    return new URL(request.url).pathname === faultsPath ? answer() : underFaults("control", answer);
  }

  /** What an isolate of the front reports, against what is new for it. */
  async sync(report: Report): Promise<SyncReply> {
    using reply = await controlOf(this.env).sync(report);
    // An RPC has tuples come back as arrays, in the types alone.
    const { snapshot, turn, rates } = reply as unknown as SyncReply;
    return { snapshot, turn, rates };
  }

  /** For the front, which takes over the list after every change that went through it. */
  faults(): readonly Fault[] {
    return faultsInForce();
  }
}
