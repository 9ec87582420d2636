import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openRouter, type Routed } from "../../../shared/balance/route.ts";
import { defineSite, type RouteConfig, type SiteInput } from "../../../shared/config/site.ts";
import { present } from "../../../shared/kernel/assert.ts";

type RouteInput = NonNullable<SiteInput["routes"]>[number];

const servers = [{ name: "a", binding: "A" }];

/** A router for routes whose pools are named as they are; the name of the pool that a request goes to. */
function poolsBy(routes: readonly RouteInput[]) {
  const pools = Object.fromEntries(routes.map(({ pool = "none" }) => [pool, { servers }]));
  const router = openRouter(defineSite({ routes: [...routes], pools }).routes);
  return (pathname: string, { host = "www.example.com", method = "GET", fields = {} }: Partial<Asked> = {}) =>
    router({ host, pathname, method, fields: new Headers(fields) }).pool;
}

type Asked = Omit<Routed, "fields"> & { readonly fields: Record<string, string> };

const rest = { path: "/", pool: "rest" };

describe("by the path", () => {
  const poolFor = poolsBy([rest, { path: "/shop", pool: "shop" }, { path: "/shop/media/", pool: "media" }]);

  it("the longest route wins, whatever their order", () => {
    const paths = ["/", "/index.html", "/shop", "/shop/", "/shop/cart", "/shop/media/a.mp4"];
    expect(paths.map((path) => poolFor(path))).toEqual(["rest", "rest", "shop", "shop", "shop", "media"]);
  });

  it("a route takes whole segments only", () => {
    expect(["/shopping", "/shop/media", "/Shop"].map((path) => poolFor(path))).toEqual(["rest", "shop", "rest"]);
  });

  it("a route cannot be got round by another spelling", () => {
    for (const path of ["//shop", "/%73hop/cart", "/sh%6Fp//cart", "/%53hop/../shop/"]) {
      const { pathname } = new URL(`http://x${path}`);
      expect([path, poolFor(pathname.startsWith("/") ? pathname : path)]).toEqual([path, "shop"]);
    }
    expect(poolFor("/shop%2fcart")).toBe("rest");
    expect(poolsBy([rest, { path: "/a%2Fb/%41", pool: "coded" }])("/%61%2fb/A/x")).toBe("coded");
  });
});

describe("by the host", () => {
  const poolFor = poolsBy([
    { path: "/", pool: "rest" },
    { path: "/deep/path", pool: "deep" },
    { path: "/", host: "*.example.com", pool: "wild" },
    { path: "/", host: "*.api.example.com", pool: "wilder" },
    { path: "/", host: "api.example.com", pool: "api" },
    { path: "/only", host: "shop.test", pool: "shop" },
  ]);
  const byHost = (...hosts: string[]) => hosts.map((host) => poolFor("/deep/path", { host }));

  it("the exact one goes before a wildcard, the longer wildcard before the shorter, and any host comes last", () => {
    expect(byHost("api.example.com", "v1.api.example.com", "www.example.com", "a.b.example.com")).toEqual([
      "api",
      "wilder",
      "wild",
      "wild",
    ]);
    expect(byHost("example.com", "notexample.com", "example.org", "[::1]", "127.0.0.1")).toEqual(
      Array.from({ length: 5 }, () => "deep"),
    );
  });

  it("a route for a host leaves the paths that it does not take to the others", () => {
    expect(poolFor("/only/x", { host: "shop.test" })).toBe("shop");
    expect(poolFor("/other", { host: "shop.test" })).toBe("rest");
  });

  it("a name may end with the dot of the root", () => {
    expect(byHost("api.example.com.", "www.example.com.")).toEqual(["api", "wild"]);
  });
});

describe("by method and fields", () => {
  const poolFor = poolsBy([
    { path: "/", methods: ["POST", "PUT"], pool: "writes" },
    { path: "/", fields: { "X-Beta": "*" }, pool: "beta" },
    { path: "/", fields: { "x-user": "7", "X-Lang": "de" }, pool: "user" },
    rest,
    { path: "/api", methods: ["GET"], fields: { "X-Beta": "yes" }, pool: "api" },
  ]);

  it("the first of the routes with the same path whose conditions all hold takes the request", () => {
    expect(poolFor("/x", { method: "POST" })).toBe("writes");
    expect(poolFor("/x", { method: "PUT", fields: { "X-Beta": "1" } })).toBe("writes");
    expect(poolFor("/x", { method: "HEAD" })).toBe("rest");
    expect(poolFor("/x", { fields: { "x-beta": "" } })).toBe("beta");
    expect(poolFor("/x", { fields: { "X-User": "7", "X-Lang": "de" } })).toBe("user");
    expect(poolFor("/x", { fields: { "X-User": "7", "X-Lang": "en" } })).toBe("rest");
    expect(poolFor("/x", { fields: { "X-User": "77" } })).toBe("rest");
  });

  it("a longer path whose conditions do not hold leaves the request to the shorter one", () => {
    expect(poolFor("/api/x", { fields: { "X-Beta": "yes" } })).toBe("api");
    expect(poolFor("/api/x", { fields: { "X-Beta": "no" } })).toBe("beta");
    expect(poolFor("/api/x")).toBe("rest");
  });
});

it("finds the same route as one who looks at them all, one by one", () => {
  const hosts = ["a.test", "b.a.test", "*.a.test", "*.b.a.test", "*.test"];
  const route = fc.record({
    path: fc.constantFrom("/", "/x", "/x/y", "/x/", "/xy"),
    host: fc.constantFrom(null, ...hosts),
    methods: fc.constantFrom(null, ["GET"], ["POST", "PUT"]),
    fields: fc.constantFrom({}, { "X-A": "*" }, { "X-A": "1" }),
  });
  const request = fc.record({
    host: fc.constantFrom("a.test", "b.a.test", "c.b.a.test", "c.a.test", "c.test", "test", "x.org"),
    pathname: fc.constantFrom("/", "/x", "/x/", "/x/y/z", "/xy", "/z"),
    method: fc.constantFrom("GET", "POST", "PATCH"),
    fields: fc.constantFrom(new Headers(), new Headers({ "X-A": "1" }), new Headers({ "X-A": "2" })),
  });
  const takesRest = { path: "/", host: null, methods: null, fields: {} };
  fc.assert(
    fc.property(
      fc.array(route, { maxLength: 12 }),
      fc.array(request, { minLength: 1, maxLength: 8 }),
      (some, requests) => {
        const routes = [...some, takesRest] as RouteConfig[];
        const router = openRouter(routes);
        for (const each of requests) expect(router(each)).toBe(slowly(routes, each));
      },
    ),
    { numRuns: 500 },
  );
});

/** The rules of precedence, each written down by itself. */
function slowly(routes: readonly RouteConfig[], { host, pathname, method, fields }: Routed): RouteConfig {
  const takes = (route: RouteConfig) =>
    (pathname === route.path || pathname.startsWith(route.path.replace(/\/?$/, "/"))) &&
    (route.host === null ||
      route.host === host ||
      (route.host.startsWith("*") && host.endsWith(route.host.slice(1)))) &&
    (route.methods?.includes(method) ?? true) &&
    Object.entries(route.fields).every(
      ([name, value]) => fields.get(name) !== null && ["*", fields.get(name)].includes(value),
    );
  const closeness = ({ host: named }: RouteConfig) => (named === null ? 0 : named.startsWith("*") ? named.length : 1e3);
  const [best] = routes
    .filter(takes)
    .map((route, index) => ({ route, index }))
    .sort(
      (one, other) =>
        closeness(other.route) - closeness(one.route) ||
        other.route.path.length - one.route.path.length ||
        one.index - other.index,
    );
  return present(best, "the last route").route;
}
