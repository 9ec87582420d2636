import site from "#site";
import { compareNodes, type NodeAnswer, type NodeReport, type Status, statusOf } from "../../shared/admin/status.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { inTime } from "../common/in-time.ts";
import { partitioned } from "../common/fault-port.ts";
import type { ControlEnv } from "./env.ts";
import { readServers } from "./servers.ts";

/**
 * The servers as control knows them, and every database node, asked at once. Takes no longer than `limits.probeMs`, whoever
 * does not answer.
 */
export async function gatherStatus(env: ControlEnv): Promise<Status> {
  const [{ servers }, nodes] = await Promise.all([readServers(env), gatherNodes(env)]);
  return { servers: servers.map(statusOf), nodes };
}

/** The same for the database nodes alone. */
export async function gatherNodes(env: ControlEnv): Promise<Status["nodes"]> {
  const { primary, replicas } = site.database;
  const asked = [askNode(env, primary, "primary"), ...replicas.map((node) => askNode(env, node, "replica"))];
  return compareNodes(await Promise.all(asked));
}

async function askNode(env: ControlEnv, node: string, role: NodeReport["role"]): Promise<NodeAnswer> {
  if (partitioned("control", node)) return { ok: false, node, role, error: "partitioned" };
  try {
    return { ok: true, report: await inTime(env.NODE.getByName(node).status(), limits.probeMs) };
  } catch (error) {
    return { ok: false, node, role, error: error instanceof Error ? error.message : String(error) };
  }
}
