import type { ServerDetail } from "../admin/servers.ts";
import { slowStart } from "../balance/fitness.ts";
import type { PoolConfig } from "../config/pool.ts";
import { noPool } from "./counters.ts";
import type { PoolTotals, Total } from "./totals.ts";

/** The columns of HAProxy 2.6.12 whose order is promised (management.txt 9.1), in that order. */
export const columns = (
  "pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck," +
  "chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,rate_max," +
  "check_status,check_code,check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,hanafail," +
  "req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt,comp_in,comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt," +
  "qtime,ctime,rtime,ttime,agent_status,agent_code,agent_duration,check_desc,agent_desc,check_rise,check_fall," +
  "check_health,agent_rise,agent_fall,agent_health,addr,cookie,mode,algo,conn_rate,conn_rate_max,conn_tot," +
  "intercepted,dcon,dses,wrew,connect,reuse,cache_lookups,cache_hits,srv_icur,src_ilim," +
  "qtime_max,ctime_max,rtime_max,ttime_max,eint,idle_conn_cur,safe_conn_cur,used_conn_cur,need_conn_est,uweight," +
  "agg_server_status,agg_server_check_status,agg_check_status"
).split(",");

/** One line: what there is, by column. Other columns are empty, which is HAProxy's word for "does not apply". */
export type StatsRow = Readonly<Record<string, string | number>>;

/** A pool, as far as the statistics speak of it. */
export interface PoolStats {
  readonly name: string;
  readonly config: PoolConfig;
  readonly totals: PoolTotals;
  /** In the order of the configuration. */
  readonly servers: readonly ServerDetail[];
}

/**
 * The statistics of all pools as the rows of HAProxy's `show stat`: for each pool its frontend, its servers, its backend;
 * first a frontend for the requests that got to no pool. What a Worker has nothing of (connections, caches) is 0 where
 * HAProxy has a number; a time that control does not know is empty.
 *
 * @param outside the totals of requests without a pool.
 */
export function statsRows(outside: Total, pools: readonly PoolStats[], nowMs: number): StatsRow[] {
  return [frontend(noPool, 1, outside), ...pools.flatMap((pool, index) => rowsOf(pool, index + 2, nowMs))];
}

/** HAProxy's CSV, as `;csv` and `show stat` give it. */
export function haproxyCsv(rows: readonly StatsRow[]): string {
  const lines = rows.map((row) => columns.map((column) => quoted(row[column] ?? "")));
  return [["# pxname", ...columns.slice(1)], ...lines].map((cells) => `${cells.join(",")},\n`).join("");
}

/** RFC 4180 2: as HAProxy does it, `csv_enc`. */
const quoted = (cell: string | number): string =>
  typeof cell === "string" && /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : `${cell}`;

function rowsOf(pool: PoolStats, id: number, nowMs: number): StatsRow[] {
  const { name, totals, servers } = pool;
  const rows = servers.flatMap((server, position) => {
    const total = totals.servers.get(server.name);
    return total === undefined ? [] : [serverRow(pool, server, total, { id, position, nowMs })];
  });
  return [frontend(name, id, totals.frontend), ...rows, backend(pool, id, nowMs)];
}

/** What all three kinds of rows have. */
function common({ counts, rateMax }: Total, id: number) {
  const { scur, smax, stot, bin, bout, rate } = counts;
  const { hrsp_1xx, hrsp_2xx, hrsp_3xx, hrsp_4xx, hrsp_5xx, hrsp_other } = counts;
  return {
    scur,
    smax,
    stot,
    bin,
    bout,
    dresp: 0,
    pid: 1,
    iid: id,
    rate,
    rate_max: rateMax,
    hrsp_1xx,
    hrsp_2xx,
    hrsp_3xx,
    hrsp_4xx,
    hrsp_5xx,
    hrsp_other,
    req_tot: stot,
    mode: "http",
    wrew: 0,
    eint: 0,
  };
}

const compression = { comp_in: 0, comp_out: 0, comp_byp: 0, comp_rsp: 0 };
const cache = { cache_lookups: 0, cache_hits: 0 };

function frontend(name: string, id: number, total: Total): StatsRow {
  const { dreq, ereq, intercepted, stot, rate } = total.counts;
  return {
    ...common(total, id),
    pxname: name,
    svname: "FRONTEND",
    type: 0,
    sid: 0,
    status: "OPEN",
    dreq,
    ereq,
    rate_lim: 0,
    req_rate: rate,
    req_rate_max: total.rateMax,
    conn_rate: rate,
    conn_rate_max: total.rateMax,
    conn_tot: stot,
    ...compression,
    ...cache,
    intercepted,
    dcon: 0,
    dses: 0,
  };
}

/** What servers and backends have. */
function behind(total: Total, tries: number, nowMs: number) {
  const { qcur, qmax, econ, eresp, wretr, wredis, lbtot, cli_abrt, srv_abrt } = total.counts;
  const { qtime_max, rtime_max, ttime_max } = total.counts;
  const { queueMs, responseMs, totalMs, lastRequestMs } = total;
  return {
    qcur,
    qmax,
    econ,
    eresp,
    wretr,
    wredis,
    lbtot,
    cli_abrt,
    srv_abrt,
    qtime: Math.round(queueMs),
    ctime: 0,
    rtime: Math.round(responseMs),
    ttime: Math.round(totalMs),
    qtime_max,
    ctime_max: 0,
    rtime_max,
    ttime_max,
    lastsess: lastRequestMs === null ? -1 : seconds(nowMs - lastRequestMs),
    connect: tries,
    reuse: 0,
  };
}

const seconds = (ms: number): number => Math.max(0, Math.floor(ms / 1000));

interface Place {
  readonly id: number;
  readonly position: number;
  readonly nowMs: number;
}

function serverRow(pool: PoolStats, server: ServerDetail, total: Total, { id, position, nowMs }: Place): StatsRow {
  const { name, state, backup, failedChecks, downs, downMs, changedAtMs } = server;
  return {
    ...common(total, id),
    ...behind(total, total.counts.stot, nowMs),
    pxname: pool.name,
    svname: name,
    type: 2,
    sid: position + 1,
    status: state,
    ...weights(pool.config, server, nowMs),
    act: Number(!backup),
    bck: Number(backup),
    slim: pool.config.servers[position]?.maxconn ?? "",
    lastchg: seconds(nowMs - changedAtMs),
    downtime: seconds(downMs),
    chkdown: downs,
    ...(server.checks !== null && { chkfail: failedChecks, ...checks(pool.config, server) }),
    srv_icur: 0,
    idle_conn_cur: 0,
    safe_conn_cur: 0,
    used_conn_cur: 0,
    need_conn_est: 0,
  };
}

/** `weight` is the one in force, less while it starts slowly: then `throttle` says how much of it, in per cent. */
function weights({ slowStartMs }: PoolConfig, { weight, upSinceMs, health }: ServerDetail, nowMs: number) {
  const { sixteenths } = slowStart(upSinceMs, slowStartMs, nowMs);
  const isStarting = health !== "down" && sixteenths < 16;
  return {
    weight: Math.ceil((weight * (isStarting ? sixteenths : 16)) / 16),
    uweight: weight,
    ...(isStarting && { throttle: Math.floor((100 * sixteenths) / 16) }),
  };
}

/** HAProxy leaves them empty in maintenance. */
function checks({ observe }: PoolConfig, server: ServerDetail): StatsRow {
  const { admin, checks: each, lastCheck, failedAnalyses } = server;
  if (admin === "maint" || each === null) return {};
  const { rise, fall, counter } = each;
  const { status = "INI", description = "Initializing", detail = "", durationMs = "", code } = lastCheck ?? {};
  return {
    check_status: status,
    check_code: code ?? "",
    check_duration: durationMs,
    check_desc: description,
    last_chk: detail,
    check_rise: rise,
    check_fall: fall,
    check_health: counter,
    ...(observe !== null && { hanafail: failedAnalyses }),
  };
}

/** Of a backend control does not know when it went down and came back. */
function backend({ name, totals, servers }: PoolStats, id: number, nowMs: number): StatsRow {
  const total = totals.backend;
  const usable = servers.filter(isUsable);
  const weight = usable.reduce((sum, each) => sum + each.weight, 0);
  const backups = usable.filter(({ backup }) => backup).length;
  const tries = Array.from(totals.servers.values()).reduce((sum, { counts }) => sum + counts.stot, 0);
  return {
    ...common(total, id),
    ...behind(total, tries, nowMs),
    pxname: name,
    svname: "BACKEND",
    type: 1,
    sid: 0,
    status: usable.length > 0 ? "UP" : "DOWN",
    weight,
    uweight: weight,
    act: usable.length - backups,
    bck: backups,
    dreq: total.counts.dreq,
    ...compression,
    ...cache,
    agg_server_status: 0,
    agg_server_check_status: 0,
    agg_check_status: 0,
  };
}

/** Whether new visitors get to it. */
const isUsable = ({ admin, health, weight }: ServerDetail): boolean =>
  admin === "ready" && health === "up" && weight > 0;
