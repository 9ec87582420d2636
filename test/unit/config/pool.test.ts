import { describe, expect, it } from "vitest";
import { defineSite } from "../../../shared/config/site.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import { inPool, web } from "./refusal.ts";

const server = (change: Record<string, unknown>) =>
  inPool({ servers: [{ name: "a", binding: "ORIGIN_A", ...change }] });
const section = (name: string) => (change: Record<string, unknown>) => inPool({ [name]: change });
const whole = (least: number, most: number, unit = "") => `a whole number${unit} from ${least} to ${most}`;
const ms = (least: number, most: number) => whole(least, most, " of milliseconds");

it("has a default for everything but its servers", () => {
  expect(defineSite({ pools: { web } }).pools["web"]).toEqual({
    algorithm: "roundrobin",
    hashOn: "source",
    draws: 2,
    servers: [{ name: "a", binding: "ORIGIN_A", weight: 1, maxconn: null, backup: false }],
    stickiness: "none",
    stickyIdleMs: null,
    stickyLifeMs: null,
    health: {
      interMs: 2000,
      fastinterMs: 1000,
      downinterMs: 2000,
      rise: 2,
      fall: 3,
      timeoutMs: limits.probeMs,
      path: "/",
      expectStatus: "200-399",
      expectBody: null,
      disableOn404: false,
    },
    observe: { errorLimit: 10, onError: "fail-check" },
    outliers: null,
    panicPercent: 50,
    slowStartMs: 0,
    retries: { most: 2, tryMs: null, budgetPercent: 20, budgetLeast: 3 },
    queue: { size: 128, waitMs: 1000 },
  });
});

/** For each number: where it stands, what a configuration with it says, its bounds. */
const numbers: readonly (readonly [
  string,
  (change: Record<string, unknown>) => string,
  number,
  number,
  "ms" | "count",
])[] = [
  ["draws", inPool, 1, 16, "count"],
  ["stickyIdleMs", inPool, 1000, limits.stickyMs, "ms"],
  ["stickyLifeMs", inPool, 1000, limits.stickyMs, "ms"],
  ["panicPercent", inPool, 0, 100, "count"],
  ["slowStartMs", inPool, 0, limits.slowStartMs, "ms"],
  ["servers[0].weight", server, 0, 256, "count"],
  ["servers[0].maxconn", server, 1, limits.maxconn, "count"],
  ["health.interMs", section("health"), 100, limits.checkInterMs, "ms"],
  ["health.fastinterMs", section("health"), 100, limits.checkInterMs, "ms"],
  ["health.downinterMs", section("health"), 100, limits.checkInterMs, "ms"],
  ["health.rise", section("health"), 1, 100, "count"],
  ["health.fall", section("health"), 1, 100, "count"],
  ["health.timeoutMs", section("health"), 10, limits.probeMs, "ms"],
  ["observe.errorLimit", section("observe"), 1, 1000, "count"],
  ["outliers.factor", section("outliers"), 2, 100, "count"],
  ["outliers.leastMs", section("outliers"), 1, limits.deadlineMs, "ms"],
  ["outliers.answers", section("outliers"), 5, 10_000, "count"],
  ["outliers.restMs", section("outliers"), 100, limits.ejectionMs, "ms"],
  ["retries.most", section("retries"), 0, 10, "count"],
  ["retries.tryMs", section("retries"), 1, limits.deadlineMs, "ms"],
  ["retries.budgetPercent", section("retries"), 0, 100, "count"],
  ["retries.budgetLeast", section("retries"), 0, 1000, "count"],
  ["queue.size", section("queue"), 0, limits.queued, "count"],
  ["queue.waitMs", section("queue"), 0, limits.deadlineMs, "ms"],
];

it.each(numbers)("refuses a number out of its bounds: %s", (path, ask, least, most, unit) => {
  const key = path.replace(/.*\./, "");
  const allowed = unit === "ms" ? ms(least, most) : whole(least, most);
  for (const value of [least - 1, most + 1, least + 0.5, `${least}`])
    expect(ask({ [key]: value })).toBe(`pools.web.${path}: found ${JSON.stringify(value)}, allowed: ${allowed}`);
  for (const value of [least, most]) expect(ask({ [key]: value })).toBe("taken");
});

/** For each word: where it stands, what a configuration with it says, values that are taken, one that is not, what is allowed. */
const words: readonly (readonly [
  string,
  (change: Record<string, unknown>) => string,
  readonly unknown[],
  readonly unknown[],
  string,
])[] = [
  [
    "algorithm",
    inPool,
    ["roundrobin", "leastconn", "random", "hash", "first"],
    ["static-rr", null],
    '"roundrobin", "leastconn", "random", "hash", "first"',
  ],
  [
    "hashOn",
    inPool,
    ["source", "uri", "header:X-User", "cookie:session"],
    ["url", "header", "header:", "header:a b", "cookie:a;b"],
    '"source", "uri", "header:<name>" or "cookie:<name>"',
  ],
  ["stickiness", inPool, ["none", "cookie"], ["source"], '"none", "cookie"'],
  [
    "servers[0].name",
    server,
    ["a", "0-9", "a".repeat(63)],
    ["A", "-a", "", "a".repeat(64), "a/b"],
    "a name of small letters, digits and hyphens, at most 63",
  ],
  [
    "servers[0].binding",
    server,
    ["ORIGIN_A", "A"],
    ["origin", "1A", ""],
    "the name of a service binding in wrangler.toml, such as ORIGIN_A",
  ],
  ["servers[0].backup", server, [true, false], ["yes"], "true or false"],
  [
    "health.path",
    section("health"),
    ["/", "/healthz?full=1"],
    ["healthz", "/a b", "/#x", ""],
    "a path that begins with /",
  ],
  [
    "health.expectStatus",
    section("health"),
    ["200", "200-399", "200,204,300-399"],
    ["2xx", "200-", "600", "", "200 204", "399-200", "200,500-404"],
    'statuses, such as "200-399" or "200,204"',
  ],
  ["health.expectBody", section("health"), ["ok", null], ["", 1], "a text"],
  ["health.disableOn404", section("health"), [true], [1], "true or false"],
  [
    "observe.onError",
    section("observe"),
    ["mark-down", "fail-check", "sudden-death", "fastinter"],
    ["down"],
    '"mark-down", "fail-check", "sudden-death", "fastinter"',
  ],
];

it.each(words)("refuses what is no word for it: %s", (path, ask, taken, refused, allowed) => {
  const key = path.replace(/.*\./, "");
  for (const value of taken) expect([value, ask({ [key]: value })]).toEqual([value, "taken"]);
  for (const value of refused)
    expect(ask({ [key]: value })).toBe(`pools.web.${path}: found ${JSON.stringify(value)}, allowed: ${allowed}`);
});

it("takes null for what may be off", () => {
  for (const key of ["health", "observe", "outliers", "stickyIdleMs", "stickyLifeMs"])
    expect(inPool({ [key]: null })).toBe("taken");
  expect(server({ maxconn: null })).toBe("taken");
  expect(inPool({ retries: { tryMs: null } })).toBe("taken");
  expect(inPool({ queue: null })).toContain("pools.web.queue: found null, allowed: ");
});

describe("a server", () => {
  const at = (url: unknown) => inPool({ servers: [{ name: "a", url }] });

  it("is a service binding or a URL, one of the two", () => {
    for (const url of ["http://127.0.0.1:9001", "https://origin.example.com", "http://[::1]:80"])
      expect(at(url)).toBe("taken");
    for (const url of ["127.0.0.1:9001", "http://a/b", "http://a/", "ftp://a", "http://a:123456", "http://user@a"])
      expect(at(url)).toBe(
        `pools.web.servers[0].url: found "${url}", allowed: an http or https URL without a path, such as http://127.0.0.1:9001`,
      );
    const neither = 'pools.web.servers[0]: found {"name":"a"}, allowed: either a binding or a url';
    expect(inPool({ servers: [{ name: "a" }] })).toBe(neither);
    expect(server({ url: "http://a" })).toContain("allowed: either a binding or a url");
  });

  it("has a name of its own, and there are not too many of them", () => {
    const servers = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ name: `s${index}`, binding: "A" }));
    expect(inPool({ servers: servers(limits.servers) })).toBe("taken");
    expect(inPool({ servers: servers(limits.servers + 1) })).toContain(`allowed: at most ${limits.servers} servers`);
    expect(inPool({ servers: [] })).toBe("pools.web.servers: found [], allowed: at least one server");
    expect(inPool({ servers: [...servers(1), ...servers(1)] })).toContain("allowed: servers with different names");
  });
});
