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
 * Asks a server for the header of its first page.
 *
 * @param server `null` when there is no such binding.
 * @param timeoutMs after which it counts as gone.
 */
export async function probe(server: Fetcher | null, timeoutMs: number): Promise<Probe> {
  const startMs = Date.now();
  const end = (status: number | null, error: string | null) => {
    return { ok: status !== null && status < 500, status, durationMs: Date.now() - startMs, error };
  };
  if (server === null) return end(null, "no such service binding");
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await server.fetch("http://probe.invalid/", { method: "HEAD", redirect: "manual", signal });
    await response.body?.cancel();
    return end(response.status, null);
  } catch (error) {
    return end(null, error instanceof Error ? error.message : String(error));
  }
}
