import site from "#site";
import {
  compareNodes,
  type NodeAnswer,
  type NodeReport,
  type ServerStatus,
  type Status,
} from "../../shared/admin/status.ts";
import type { ServerConfig } from "../../shared/config/site.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { inTime } from "../in-time.ts";
import { partitioned } from "../fault-port.ts";
import { probe } from "../probe.ts";
import type { ControlEnv } from "./env.ts";

/** Asks every server and every database node at once. Takes no longer than `limits.probeMs`, whoever does not answer. */
export async function gatherStatus(env: ControlEnv): Promise<Status> {
  const { primary, replicas } = site.database;
  const [servers, answers] = await Promise.all([
    Promise.all(
      Object.entries(site.pools).flatMap(([pool, { servers }]) => servers.map((each) => askServer(env, pool, each))),
    ),
    Promise.all([askNode(env, primary, "primary"), ...replicas.map((node) => askNode(env, node, "replica"))]),
  ]);
  return { servers, nodes: compareNodes(answers) };
}

async function askServer(env: ControlEnv, pool: string, { name, binding }: ServerConfig): Promise<ServerStatus> {
  return { name, pool, ...(await probe(env, "control", binding)) };
}

async function askNode(env: ControlEnv, node: string, role: NodeReport["role"]): Promise<NodeAnswer> {
  if (partitioned("control", node)) return { ok: false, node, role, error: "partitioned" };
  try {
    return { ok: true, report: await inTime(env.NODE.getByName(node).status(), limits.probeMs) };
  } catch (error) {
    return { ok: false, node, role, error: error instanceof Error ? error.message : String(error) };
  }
}
