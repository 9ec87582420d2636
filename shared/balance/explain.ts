import type { Explanation } from "../admin/explain.ts";
import type { Binding, CookieFlag } from "./binding.ts";
import type { Choice, Member, Pool } from "./pool.ts";

/** The part of an explanation that is about a pool. */
export type PoolExplanation = Omit<Explanation, "route" | "redirect" | "controlAgeMs">;

/** What the flags of HAProxy's log say in words. */
const cookies: Readonly<Record<CookieFlag, string>> = {
  N: "none",
  I: "names no server of the pool",
  V: "names a server that may serve",
  D: "names a server that is down or in maintenance",
  E: "the visitor was away for too long",
  O: "the visitor was bound for too long, or his server is drained",
};

/** What a pool would do with a request now, by the code that does it; nothing is taken note of. */
export function explainChoice(pool: Pool, binding: Binding, key: string, nowMs: number): PoolExplanation {
  const choice = pool.peek({ bound: binding.server, key, tried: [] }, nowMs);
  const { algorithm } = pool.config;
  return {
    pool: pool.name,
    algorithm,
    key: algorithm === "hash" ? key : null,
    cookie: pool.sticky ? cookies[binding.flag] : null,
    servers: pool.members.map((member) => describe(member, pool)),
    isPanic: pool.isPanic,
    waiting: pool.waiting,
    server: typeof choice === "string" ? null : choice.name,
    because: reasonOf(choice, pool, binding),
  };
}

function describe(member: Member, pool: Pool): PoolExplanation["servers"][number] {
  const { name, standing, weight, load, maxconn } = member;
  const { fitness, reason } = standing;
  const isCandidate = pool.candidates.includes(member);
  return { name, fitness, reason, isCandidate, weight, load, maxconn: maxconn === Infinity ? null : maxconn };
}

function reasonOf(choice: Choice, pool: Pool, { server }: Binding): string {
  if (choice === "none") return "No server of the pool can serve: the client gets a 503.";
  if (choice === "full")
    return `Those that can serve have as much as their maxconn allows: the request waits for up to ${pool.config.queue.waitMs} ms.`;
  if (choice.name === server) return "The visitor is bound to it by his cookie.";
  if (pool.isPanic) return "Too few servers are up, so health is ignored, and its turn has come.";
  if (choice.backup) return "It is the first backup that can serve, and no other server can.";
  return turns[pool.config.algorithm];
}

const turns: Readonly<Record<Pool["config"]["algorithm"], string>> = {
  roundrobin: "Its turn has come.",
  leastconn: "It has the fewest requests for its weight.",
  random: "It was drawn; the next draw may differ.",
  hash: "The key falls to it, as long as the same servers can serve.",
  first: "It is the first in the list that has a place.",
};
