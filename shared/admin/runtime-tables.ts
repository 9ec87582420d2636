import type { CheckStatus } from "../balance/check.ts";
import { type ControlState, isStopped, keyOf, type PoolState, type ServerState } from "../balance/control-state.ts";

/** Requests under way at a server: now, and the most that there were. By `pool/server`. */
export type Loads = ReadonlyMap<string, { readonly current: number; readonly most: number }>;

const stateColumns =
  "be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port";

const connColumns =
  "bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[1]";

/** The place in HAProxy's list of statuses (`check-t.h`), and of results: unknown 0, failed 2, passed 3, conditional 4. */
const numbers: Readonly<Record<CheckStatus, readonly [status: number, result: number]>> = {
  INI: [1, 0],
  HANA: [4, 2],
  L4CON: [8, 2],
  L7TOUT: [12, 2],
  L7RSP: [13, 2],
  L7OK: [15, 3],
  L7OKC: [16, 4],
  L7STS: [17, 2],
};

/** `show servers state`: version 1 of HAProxy's state file, 25 columns (management.txt 9.3). */
export const showServersState = (pools: readonly PoolState[], nowMs: number): string =>
  [
    "1",
    `# ${stateColumns}`,
    ...pools.flatMap((pool) => pool.servers.map((server, at) => stateRow(pool, server, at, nowMs))),
  ].join("\n");

function stateRow(pool: PoolState, server: ServerState, at: number, nowMs: number): string {
  const { record, config, lastCheck, counter } = server;
  const { host, port, isSecure } = addressOf(server);
  const { health } = pool.config;
  const [status, result] = numbers[lastCheck?.status ?? "INI"];
  const isMaint = record.admin === "maint";
  const ageS = Math.max(0, Math.floor((nowMs - record.changedAtMs) / 1000));
  // Configured, enabled, and paused in maintenance: `CHK_ST_CONFIGURED`, `_ENABLED`, `_PAUSED`.
  const checkState = health === null ? 0 : isMaint ? 14 : 6;
  const weights = `${record.weight ?? config.weight} ${config.weight}`;
  return [
    `${idOf(pool)} ${pool.name} ${at + 1} ${config.name} ${host}`,
    `${opState(server)} ${adminBits[record.admin]} ${weights} ${ageS}`,
    `${status} ${result} ${isMaint ? 0 : counter} ${checkState} 0`,
    `0 0 - ${port} - ${isSecure ? 1 : 0} 0 - - 0`,
  ].join(" ");
}

/** `SRV_ADMF_FMAINT`, `SRV_ADMF_FDRAIN`. */
const adminBits = { ready: 0, maint: 1, drain: 8 } as const;

/** `SRV_ST_STOPPED`, `_RUNNING`, `_STOPPING`. */
function opState({ record }: ServerState): number {
  if (isStopped(record)) return 0;
  return record.health === "stopping" ? 3 : 2;
}

/** The `iid` of the statistics: 1 are the requests of no pool. */
const idOf = ({ position }: PoolState): number => position + 2;

/** A Worker has no address. */
function addressOf({ config: { url } }: ServerState): { host: string; port: string; isSecure: boolean } {
  const [, scheme = "", host = "-", port] = /^(https?):\/\/(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(url ?? "") ?? [];
  const isSecure = scheme === "https";
  if (scheme === "") return { host: "-", port: "0", isSecure };
  return { host: host.replace(/^\[|\]$/g, ""), port: port ?? (isSecure ? "443" : "80"), isSecure };
}

/** `show servers conn`: requests stand for connections, and none is kept idle. */
export const showServersConn = (pools: readonly PoolState[], loads: Loads): string =>
  [
    `# ${connColumns}`,
    ...pools.flatMap((pool) => pool.servers.map((server, at) => connRow(pool, server, at, loads))),
  ].join("\n");

function connRow(pool: PoolState, server: ServerState, at: number, loads: Loads): string {
  const { host, port } = addressOf(server);
  const key = keyOf(pool.name, server.config.name);
  const { current, most } = loads.get(key) ?? { current: 0, most: 0 };
  return `${key} ${idOf(pool)}/${at + 1} ${host} ${port} - 0 ${current} ${most} ${most} 0 0 -1 0 0`;
}

/** `show info`: what there is of it here. */
export function showInfo(state: ControlState, loads: Loads, nowMs: number): string {
  const current = [...loads.values()].reduce((sum, load) => sum + load.current, 0);
  const up = state.servers.filter(({ record }) => !isStopped(record)).length;
  const lines: readonly (readonly [string, string | number])[] = [
    ["Name", "Trefoil"],
    ["Node", "control"],
    ["Time_sec", Math.floor(nowMs / 1000)],
    ["Reign", state.reign],
    ["Generation", state.generation],
    ["Isolates", state.sequences.size],
    ["Backends", state.pools.length],
    ["Servers", state.servers.length],
    ["ServersUp", up],
    ["Checks", state.checks],
    ["Alarms", state.alarms],
    ["ChecksUnderWay", state.servers.filter(({ times }) => times.startedMs !== null).length],
    ["CurrConns", current],
  ];
  return lines.map(([name, value]) => `${name}: ${value}`).join("\n");
}
