import type { Ask, Member, Pool, Waiter } from "../../shared/balance/pool.ts";
import type { Visit } from "./visit.ts";

/**
 * Waits until a server has a place for a request. Who resolves it is another request, and the runtime gives up a request
 * that waits for nothing of its own: each has its own timer, which ends the wait after `queue.waitMs`.
 *
 * @param signal ends the wait, too.
 * @returns the server, with the request on its account; `full`: so is the queue; `waited`: none had a place in time.
 */
export async function waitForServer(
  pool: Pool,
  ask: Ask,
  visit: Visit,
  signal: AbortSignal,
): Promise<Member | "full" | "waited"> {
  const { promise, resolve } = Promise.withResolvers<Member | "waited">();
  const waiter: Waiter = { ask, serve: resolve };
  if (!pool.wait(waiter)) return "full";
  const goesOn = visit.wait();
  const leave = () => {
    pool.leave(waiter);
    resolve("waited");
  };
  const timer = setTimeout(leave, pool.config.queue.waitMs);
  signal.addEventListener("abort", leave);
  const server = await promise;
  goesOn();
  clearTimeout(timer);
  signal.removeEventListener("abort", leave);
  return server;
}
