import { WorkerEntrypoint } from "cloudflare:workers";
import { type Fault, faultsOn, isCut, offsetMs } from "../../shared/admin/fault.ts";
import { limits } from "../../shared/kernel/limits.ts";

/**
 * The faults of this Worker's isolate. Control pushes them at every change, so that they are in force when the admin API
 * answers; they are never stored, so that they are gone with the process. Nothing pushes where FAULTS is not on.
 */
let faults: readonly Fault[] = [];

/** Puts exactly these faults in force in this Worker. */
export function setFaults(next: readonly Fault[]): void {
  faults = next;
}

/** The RPC entrypoint through which control reaches this Worker's faults. Export it beside the default export. */
export class FaultPort extends WorkerEntrypoint<unknown> {
  set(next: readonly Fault[]): void {
    setFaults(next);
  }
}

/** Thrown where a target is made to fail. */
export class FaultError extends Error {
  override readonly name = "FaultError";
  readonly fault: Fault["fault"];

  constructor(target: string, fault: Fault["fault"]) {
    super(`${target} suffers the fault "${fault}"`);
    this.fault = fault;
  }
}

/**
 * Makes the caller suffer the faults that are on it: call it where work for the target begins. Takes as long as `slow`
 * and `hang` say; a hang ends when it is cleared. `abort` is not for here: see `underFaults`.
 *
 * @param target a single target, such as `origin-a` or `db-1`.
 * @throws {FaultError} on `down`, on `error`, and for a hang that was not cleared within `limits.faultMs`.
 */
export async function suffer(target: string): Promise<void> {
  for (const { fault, ms = 0 } of faultsOn(faults, target)) {
    if (fault === "slow") await scheduler.wait(ms);
    if (fault === "hang") await hang(target);
    if (fault === "down" || fault === "error") throw new FaultError(target, fault);
  }
}

/** A promise that another request resolves would be cut by workerd as hung: each sufferer looks by timers of its own. */
async function hang(target: string): Promise<void> {
  const pollMs = 20;
  for (let waitedMs = 0; waitedMs < limits.faultMs; waitedMs += pollMs) {
    if (!suffers(target, "hang")) return;
    await scheduler.wait(pollMs);
  }
  throw new FaultError(target, "hang");
}

const suffers = (target: string, kind: Fault["fault"]) => faultsOn(faults, target).some(({ fault }) => fault === kind);

/**
 * The same for a Worker that answers HTTP: `error` becomes a 500, and `abort` breaks the response off after its header.
 *
 * @param respond makes the response when the target is well.
 * @throws {FaultError} on `down`: the service binding's call rejects.
 */
export const underFaults = (
  target: string,
  respond: () => Response | Promise<Response>,
): Response | Promise<Response> => (faults.length === 0 ? respond() : suffering(target, respond));

async function suffering(target: string, respond: () => Response | Promise<Response>): Promise<Response> {
  try {
    await suffer(target);
  } catch (error) {
    if (error instanceof FaultError && error.fault === "error") return new Response(error.message, { status: 500 });
    throw error;
  }
  const response = await respond();
  return suffers(target, "abort") ? broken(target, response) : response;
}

/** A response whose body fails after its first bytes. One without a body cannot break, so the call does. */
function broken(target: string, response: Response): Response {
  const failure = new FaultError(target, "abort");
  if (response.body === null) throw failure;
  const breakOff = new TransformStream<Uint8Array, Uint8Array>({
    async transform(chunk, controller) {
      controller.enqueue(chunk.subarray(0, Math.ceil(chunk.length / 2)));
      await scheduler.wait(headerMs);
      controller.error(failure);
    },
    flush: (controller) => controller.error(failure),
  });
  return new Response(response.body.pipeThrough(breakOff), response);
}

/** A body that fails at once takes the call down with it; this lets the header out first. */
const headerMs = 50;

/** Whether a message from one single target to another is lost now. */
export function partitioned(from: string, to: string): boolean {
  return faults.length > 0 && isCut(faults, from, to);
}

/** By how much a single target's clock is ahead, in milliseconds: add it to `Date.now()`. */
export function clockOffsetMs(target: string): number {
  return faults.length === 0 ? 0 : offsetMs(faults, target);
}
