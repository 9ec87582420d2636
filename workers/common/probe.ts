import { targetOfBinding } from "../../shared/admin/fault.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { serviceBinding } from "./binding.ts";
import { partitioned } from "./fault-port.ts";

/** What a server said when it was asked directly, past the balancer. */
export interface Probe {
  /** Does it answer, and not with a failure of its own (5xx)? */
  readonly ok: boolean;
  /** The status; `null` without an answer. */
  readonly status: number | null;
  readonly durationMs: number;
  /** Why there is no answer; `null` when there is one. */
  readonly error: string | null;
}

/**
 * Asks a server for the header of its first page. After `limits.probeMs` it counts as gone.
 *
 * @param env the bindings of the Worker that asks.
 * @param from that Worker, as a target of faults.
 * @param binding the service binding that leads to the server.
 */
export async function probe(env: object, from: string, binding: string): Promise<Probe> {
  const startMs = Date.now();
  const end = (status: number | null, error: string | null) => {
    return { ok: status !== null && status < 500, status, durationMs: Date.now() - startMs, error };
  };
  const server = serviceBinding(env, binding);
  if (server === null) return end(null, "no such service binding");
  const target = targetOfBinding(binding);
  if (partitioned(from, target) || partitioned(target, from)) return end(null, "partitioned");
  try {
    const signal = AbortSignal.timeout(limits.probeMs);
    const response = await server.fetch("http://probe.invalid/", { method: "HEAD", redirect: "manual", signal });
    await response.body?.cancel();
    return end(response.status, null);
  } catch (error) {
    return end(null, error instanceof Error ? error.message : String(error));
  }
}
