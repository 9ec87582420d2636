import { describe, expect, it } from "vitest";
import { defineSite, readSite } from "../../../shared/config/site.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import { inPool, refusal, web } from "./refusal.ts";

describe("a site configuration", () => {
  it("needs no more than a pool with a server", () => {
    expect(defineSite({ pools: { web } })).toMatchObject({
      routes: [{ path: "/", pool: "web", deadlineMs: 10_000, idleMs: 60_000, tunnelMs: 3_600_000 }],
      pools: { web: { ...web, algorithm: "roundrobin", stickiness: "none" } },
      database: { primary: "db-1", replicas: ["db-2", "db-3"], readWaitMs: 100 },
      errorPages: {},
      assets: { immutable: [] },
      debugHeaders: "dev",
    });
  });

  it("is plain data: it survives JSON, and stays as it is when it is checked again", () => {
    const site = defineSite({ pools: { web } });
    expect(readSite(JSON.parse(JSON.stringify(site)))).toEqual(site);
  });
});

describe("a wrong value", () => {
  it("is named by its key, with what was found and what is allowed", () => {
    expect(inPool({ algorithm: "round-robin" })).toBe(
      'pools.web.algorithm: found "round-robin", allowed: "roundrobin", "leastconn", "random", "hash", "first"',
    );
    expect(inPool({ servers: [{ name: "a", binding: "origin-a" }] })).toBe(
      'pools.web.servers[0].binding: found "origin-a", allowed: the name of a service binding in wrangler.toml, such as ORIGIN_A',
    );
    expect(refusal({ debugHeaders: "on" })).toBe('debugHeaders: found "on", allowed: "dev", true, false');
    expect(refusal({ log: "clf" })).toBe('log: found "clf", allowed: "none", "httplog"');
  });

  it("is named with every other one, a line for each", () => {
    expect(inPool({ algorithm: 1, stickiness: true }).split("\n")).toHaveLength(2);
  });

  it("may be a key that does not exist, or one that is missing", () => {
    expect(inPool({ algoritm: "roundrobin" })).toMatch(
      /^pools\.web\.algoritm: found this key, allowed: the keys algorithm, .*, servers, /,
    );
    expect(inPool({ servers: [{ binding: "ORIGIN_A" }] })).toBe(
      "pools.web.servers[0].name: found nothing, allowed: a value; this key has no default",
    );
  });

  it.each(["deadlineMs", "idleMs", "tunnelMs"] as const)("may be a time out of its bounds: %s", (key) => {
    const onRoute = (ms: unknown) => refusal({ routes: [{ path: "/", pool: "web", [key]: ms }] });
    const allowed = `allowed: a whole number of milliseconds from 1 to ${limits[key]}`;
    for (const ms of [0, -1, 1.5, limits[key] + 1, "1000"])
      expect(onRoute(ms)).toBe(`routes[0].${key}: found ${JSON.stringify(ms)}, ${allowed}`);
    for (const ms of [1, limits[key]]) expect(onRoute(ms)).toBe("taken");
    expect(refusal({ database: { readWaitMs: 0 } })).toBe("taken");
  });

  it("may be an error page that cannot be filled in", () => {
    const page = (form: Record<string, string>, status = "503") => refusal({ errorPages: { [status]: form } });
    expect(page({ html: "{{title}} {{titel}}" })).toContain(
      'errorPages.503.html: found "{{title}} {{titel}}", allowed: ',
    );
    expect(page({ json: '{"error": {{title}}}' })).toContain("allowed: a text that is JSON when its placeholders");
    expect(page({ text: "x".repeat(limits.errorPageLength + 1) })).toContain(`at most ${limits.errorPageLength}`);
    expect(page({ html: "" }, "200")).toContain('allowed: a status, such as "503", or "default"');
    const json = '{"status": {{status}}, "text": "{{title}}: {{message}}"}';
    expect(page({ html: "x".repeat(limits.errorPageLength), json, text: "{{code}} {{requestId}}" })).toBe("taken");
  });

  it("may be a name that stands twice or points nowhere", () => {
    expect(inPool({ servers: [web.servers[0], web.servers[0]] })).toContain("allowed: servers with different names");
    expect(refusal({ routes: [{ path: "/", pool: "wbe" }] })).toBe('routes[0].pool: found "wbe", allowed: "web"');
    expect(refusal({ database: { replicas: ["db-1"] } })).toContain("allowed: nodes with different names");
  });

  it("may be a route that leaves no path for the rest, or takes Trefoil's own", () => {
    expect(refusal({ routes: [{ path: "/shop", pool: "web" }] })).toContain('allowed: a list with a route for "/"');
    for (const path of ["/_trefoil", "/_trefoil/api", "/dns-query"])
      expect(
        refusal({
          routes: [
            { path: "/", pool: "web" },
            { path, pool: "web" },
          ],
        }),
      ).toContain("allowed: a path that is not reserved");
  });

  it("may be a route that matches nothing, because it is written as a pattern", () => {
    for (const path of ["shop", "/shop/*", "/shop?x=1", "/shop#x", "/a shop", "/café"])
      expect(
        refusal({
          routes: [
            { path: "/", pool: "web" },
            { path, pool: "web" },
          ],
        }),
      ).toBe(
        `routes[1].path: found "${path}", allowed: a path that begins with /, such as /shop: it takes all below it, so no pattern`,
      );
  });

  it("may be a second sticky pool, whose cookie would be the first one's", () => {
    const sticky = { ...web, stickiness: "cookie" };
    expect(refusal({ pools: { web: sticky, other: sticky } })).toContain("allowed: one sticky pool at most");
    expect(refusal({ pools: { web: sticky, other: web } })).toBe("taken");
  });

  it("may be nothing at all", () => {
    expect(refusal({ pools: {} })).toBe("pools: found {}, allowed: at least one pool");
    expect(inPool({ servers: [] })).toContain("pools.web.servers: found [], allowed: at least one server");
  });
});
