import site from "#site";
import type { CheckAnswer } from "../../shared/balance/check.ts";
import { isDue, isReady, type Readiness, unknown } from "../../shared/balance/readiness.ts";
import type { PoolConfig } from "../../shared/config/site.ts";
import { firstPage, probe } from "../common/probe.ts";
import type { FrontEnv } from "./env.ts";

let readiness: Readiness = unknown;

/** `GET /_trefoil/livez`: the front runs. */
export const livez = (): Response => word(200, "alive");

/** `GET /_trefoil/readyz`: the site can serve. Asks the servers directly: the balancer's order is not touched. */
export async function readyz(env: FrontEnv): Promise<Response> {
  const nowMs = Date.now();
  if (isDue(readiness, nowMs)) {
    readiness = { ...readiness, askedAtMs: nowMs };
    const ready = isReady(await Promise.all(Object.values(site.pools).map((pool) => answering(pool, env))));
    readiness = { ...readiness, ready };
  }
  return readiness.ready ? word(200, "ready") : word(503, "unready");
}

function answering({ servers }: PoolConfig, env: FrontEnv): Promise<boolean[]> {
  return Promise.all(servers.map(async (server) => isWell(await probe(env, "front", server, firstPage))));
}

const isWell = (answer: CheckAnswer): boolean => answer.type === "answered" && answer.status < 500;

function word(status: number, text: string): Response {
  return new Response(`${text}\n`, { status, headers: { "Content-Type": "text/plain", "Cache-Control": "no-store" } });
}
