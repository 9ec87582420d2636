import { WorkerEntrypoint } from "cloudflare:workers";
import type { Fault } from "../../shared/admin/fault.ts";
import { underFaults } from "../common/fault-port.ts";
import { app } from "./app.tsx";
import type { ControlEnv } from "./env.ts";
import { faultsInForce, faultsPath } from "./faults.ts";

/**
 * Beside the way of a request: the admin API and its page. Only the front can reach it, and has checked the credential.
 * Its own faults spare the fault routes, so that they can be cleared.
 */
export default class Control extends WorkerEntrypoint<ControlEnv> {
  override fetch(request: Request): Response | Promise<Response> {
    const answer = () => app.fetch(request, this.env, this.ctx);
    return new URL(request.url).pathname === faultsPath ? answer() : underFaults("control", answer);
  }

  /** For the front, which takes over the list after every change that went through it. */
  faults(): readonly Fault[] {
    return faultsInForce();
  }
}
