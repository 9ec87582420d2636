import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { present } from "../../shared/kernel/assert.ts";
import { columns } from "../../shared/telemetry/haproxy-csv.ts";
import { exporter, halog, readLog, scrape } from "../support/judges.ts";
import { mockOrigins } from "../support/mock-origin/workers.ts";
import { adminToken, startSite, type TestSite } from "../support/site.ts";

let site: TestSite;

beforeAll(async () => {
  site = await startSite({ replace: mockOrigins, bundles: inject("balanceBundles") });
});

afterEach(() => site.clearFaults());
afterAll(() => site.close());

const ask = async (path: string, init?: Parameters<TestSite["fetch"]>[1]) => {
  const response = await site.fetch(path, init);
  await response.arrayBuffer();
  return response;
};

/** The statistics, by pool and server. */
async function statistics(): Promise<Record<string, Record<string, string>>> {
  const csv = await (await site.admin("/_trefoil/stats;csv")).text();
  const rows = csv
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));
  return Object.fromEntries(
    rows.map((cells) => [
      `${cells[0]}/${cells[1]}`,
      Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ""])),
    ]),
  );
}

/** A column of the pool `counted`. The isolate tells control what it counted within a second or two. */
const column = async (row: string, name: string) => (await statistics())[`counted/${row}`]?.[name];

const soon = { timeout: 10_000, interval: 300 };

describe("the statistics", () => {
  it("are for those who have the credential, as plain text that nobody keeps", async () => {
    const response = await site.admin("/_trefoil/stats;csv");
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toMatch(/^text\/plain\b/);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(await response.text()).toMatch(/^# pxname,svname,/);
    expect((await ask("/_trefoil/stats;csv")).status).toBe(401);
  });

  it("count each request once: at the frontend, the backend and the server that answered", async () => {
    for (let request = 0; request < 6; request++) await ask("/counted");
    await ask("/counted?a=404&b=404&c=404");
    await expect.poll(() => column("BACKEND", "stot"), soon).toBe("7");
    const rows = await statistics();
    for (const row of ["FRONTEND", "BACKEND"])
      expect(rows[`counted/${row}`]).toMatchObject({ req_tot: "7", hrsp_2xx: "6", hrsp_4xx: "1", scur: "0" });
    const servers = ["a", "b", "c"].map((name) => rows[`counted/${name}`]);
    expect(servers.map((row) => row?.["stot"] ?? "").toSorted()).toEqual(["2", "2", "3"]);
    expect(servers.map((row) => row?.["hrsp_4xx"] ?? "").toSorted()).toEqual(["0", "0", "1"]);
    expect(Number(rows["counted/FRONTEND"]?.["bout"])).toBeGreaterThan(0);
  });

  it("count a try that failed at the server that failed, and the answer at the one that gave it", async () => {
    const before = await statistics();
    for (let request = 0; request < 3; request++) expect((await ask("/counted?a=throw")).status).toBe(200);
    await expect.poll(() => column("a", "wredis"), soon).toBe("1");
    const after = await statistics();
    const grown = (row: string, name: string) =>
      Number(after[`counted/${row}`]?.[name]) - Number(before[`counted/${row}`]?.[name]);
    expect([grown("a", "hrsp_2xx"), grown("BACKEND", "hrsp_2xx"), grown("BACKEND", "wredis")]).toEqual([0, 3, 1]);
    expect(grown("b", "stot") + grown("c", "stot")).toBe(3);
  });
});

describe.skipIf(exporter === null)(`Debian's exporter${exporter === null ? " (skipped: not installed)" : ""}`, () => {
  it("reads the statistics without an error, with Basic auth, and finds in them what was counted", async () => {
    const before = Number(await column("BACKEND", "stot"));
    await ask("/counted");
    await expect.poll(() => column("BACKEND", "stot"), soon).toBe(String(before + 1));
    const address = new URL("/_trefoil/stats;csv", site.url);
    address.username = "admin";
    address.password = adminToken;
    const metrics = await scrape(present(exporter, "the exporter"), address.href);
    const rows = await statistics();
    expect(metrics.get("haproxy_up")).toBe(1);
    expect(metrics.get("haproxy_exporter_csv_parse_failures_total")).toBe(0);
    for (const server of ["a", "b", "c"]) {
      const of = `{backend="counted",server="${server}"}`;
      expect(metrics.get(`haproxy_server_up${of}`)).toBe(1);
      expect(metrics.get(`haproxy_server_sessions_total${of}`)).toBe(Number(rows[`counted/${server}`]?.["stot"]));
      expect(metrics.get(`haproxy_server_bytes_out_total${of}`)).toBe(Number(rows[`counted/${server}`]?.["bout"]));
    }
    expect(metrics.get('haproxy_backend_up{backend="counted"}')).toBe(1);
    expect(metrics.get('haproxy_frontend_http_requests_total{frontend="counted"}')).toBe(
      Number(rows["counted/FRONTEND"]?.["req_tot"]),
    );
    const codes = 'haproxy_backend_http_responses_total{backend="counted",code="2xx"}';
    expect(metrics.get(codes)).toBe(Number(rows["counted/BACKEND"]?.["hrsp_2xx"]));
  });

  it("is told that the load balancer is not there when control is not", async () => {
    await site.fault({ target: "control", fault: "down" });
    const address = new URL("/_trefoil/stats;csv", site.url);
    address.username = "admin";
    address.password = adminToken;
    expect((await scrape(present(exporter, "the exporter"), address.href)).get("haproxy_up")).toBe(0);
  });
});

describe("the log", () => {
  const lines = () =>
    site.harness
      .getLogs()
      .map(({ message }) => message)
      .filter((line) => / \[\d\d\/\w{3}\/\d{4}:/.test(line));

  it("has a line for each request, with its id and without its cookies", async () => {
    const init = { headers: { "X-Request-Id": "story-1", Cookie: "session=secret", Authorization: "Bearer secret" } };
    await ask("/counted?page=2", init);
    await expect
      .poll(() => lines().find((line) => line.includes("{story-1}")), soon)
      .toMatch(
        / counted counted\/[abc] 0\/\d+\/0\/\d+\/\d+ 200 \+?\d+ - - ---- \d+\/\d+\/\d+\/\d+\/0 0\/0 \{story-1\} "GET \/counted\?page=2 HTTP\/1\.1"$/,
      );
    expect(lines().join("\n")).not.toContain("secret");
  });

  it("names the server whose answer went out, though others were tried after it", async () => {
    const before = await statistics();
    for (let turn = 0; turn < 3; turn++) {
      const init = { headers: { "X-Request-Id": `fallback-${turn}` } };
      const { status, headers } = await ask("/counted?a=503&b=throw&c=throw", init);
      expect([status, headers.get("X-Served-By")]).toEqual([503, "a"]);
      const line = () => lines().find((each) => each.includes(`{fallback-${turn}}`));
      await expect.poll(line, soon).toMatch(/ counted counted\/a .* 503 /);
    }
    const since = async (row: string, name: string) =>
      Number(await column(row, name)) - Number(before[`counted/${row}`]?.[name]);
    await expect.poll(() => since("a", "hrsp_5xx"), soon).toBe(3);
    expect(await Promise.all(["b", "c"].map((row) => since(row, "hrsp_5xx")))).toEqual([0, 0]);
    expect(await Promise.all(["a", "b", "c"].map((row) => column(row, "scur")))).toEqual(["0", "0", "0"]);
  });

  it.skipIf(halog === null).each(["-srv", "-st", "-tc", "-ut"])(
    "is read by HAProxy's own reader: %s",
    async (option) => {
      await ask("/counted?a=503&b=503&c=503");
      await ask("/counted", { method: "OPTIONS", headers: { "Max-Forwards": "0" } });
      const all = lines().map((line) => `Nov 24 14:03:59 lb haproxy[1]: ${line}`);
      expect(all.length).toBeGreaterThan(10);
      expect((await readLog(present(halog, "halog"), option, all)).errors).toBe(0);
    },
  );
});

describe("a rate limit", () => {
  const user = (name: string) => ask("/limited", { headers: { "X-User": name } });

  it("tells a client what is left to him, and when to come back", async () => {
    const answers = [await user("one"), await user("one"), await user("one"), await user("one")];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect(answers.map(({ headers }) => headers.get("RateLimit")?.replace(/t=\d+/, "t"))).toEqual([
      '"/limited";r=2;t',
      '"/limited";r=1;t',
      '"/limited";r=0;t',
      '"/limited";r=0;t',
    ]);
    const [first, , , last] = answers;
    expect(first?.headers.get("RateLimit-Policy")).toBe('"/limited";q=3;w=60');
    expect([first?.headers.get("Retry-After"), last?.headers.get("Retry-After")]).toEqual([null, "20"]);
    expect(last?.headers.get("Proxy-Status")).toBe("trefoil; error=http_request_denied");
    expect((await user("another")).status).toBe(200);
  });
});
