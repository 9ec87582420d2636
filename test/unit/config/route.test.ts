import { describe, expect, it } from "vitest";
import { limits } from "../../../shared/kernel/limits.ts";
import { onRoute, refusal } from "./refusal.ts";

const says = (path: string, value: unknown, allowed: string) =>
  `routes[0].${path}: found ${JSON.stringify(value)}, allowed: ${allowed}`;

describe("the conditions", () => {
  it("are a host, methods and fields, as they can come", () => {
    for (const host of ["example.com", "*.example.com", "localhost", "a-1.b", null])
      expect(onRoute({ host })).toBe("taken");
    for (const host of ["Example.com", "*", "a.*", "*example.com", "-a.com", "a..b", "a.com:80", "", "a/b"])
      expect(onRoute({ host })).toBe(
        says("host", host, 'a host name in small letters, such as "api.example.com" or "*.example.com"'),
      );
    expect(onRoute({ methods: ["GET", "POST"] })).toBe("taken");
    expect(onRoute({ methods: ["get"] })).toBe(says("methods[0]", "get", "a method in capitals, such as POST"));
    expect(onRoute({ methods: [] })).toBe(says("methods", [], "at least one method"));
    expect(onRoute({ methods: "GET" })).toBe(says("methods", "GET", "a list of methods"));
    expect(onRoute({ fields: { "X-Beta": "*", Accept: "text/html" } })).toBe("taken");
    expect(onRoute({ fields: { "X Beta": "*" } })).toBe(says("fields.X Beta", "X Beta", "the name of a header field"));
    expect(onRoute({ fields: { "X-Beta": "a\nb" } })).toBe(says("fields.X-Beta", "a\nb", "a field value in one line"));
  });

  it("may not leave a route without any request", () => {
    const both = (earlier: object, later: object) =>
      refusal({
        routes: [
          { path: "/x", pool: "web", ...earlier },
          { path: "/x", pool: "web", ...later },
          { path: "/", pool: "web" },
        ],
      });
    const hidden = "allowed: routes of which none takes all that a later one is for";
    expect(both({}, {})).toContain(hidden);
    expect(both({}, { methods: ["POST"] })).toContain(hidden);
    expect(both({ path: "/%78" }, { fields: { "X-A": "1" } })).toContain(hidden);
    expect(both({ methods: ["PUT", "POST"] }, { methods: ["POST"] })).toContain(hidden);
    expect(both({ fields: { "X-A": "*" } }, { fields: { "x-a": "1", "X-B": "2" } })).toContain(hidden);
    expect(both({ host: "a.com" }, { host: "a.com" })).toContain(hidden);
    expect(both({ methods: ["POST"] }, {})).toBe("taken");
    expect(both({ methods: ["POST"] }, { methods: ["POST", "PUT"] })).toBe("taken");
    expect(both({ fields: { "X-A": "1" } }, { fields: { "X-A": "2" } })).toBe("taken");
    expect(both({ fields: { "X-A": "1" } }, { fields: { "X-A": "*" } })).toBe("taken");
    expect(both({}, { host: "a.com" })).toBe("taken");
    expect(both({}, { path: "/x/" })).toBe("taken");
  });

  it("leave a route that takes the rest", () => {
    const rest = 'allowed: a list with a route for "/" without conditions, which takes the rest';
    for (const condition of [{ host: "a.com" }, { methods: ["GET"] }, { fields: { "X-A": "*" } }, { path: "/x" }])
      expect(refusal({ routes: [{ path: "/", pool: "web", ...condition }] })).toContain(rest);
  });
});

describe("what becomes of a request", () => {
  it("is a pool or a redirect, one of the two", () => {
    const redirect = { to: "https://example.com/" };
    expect(onRoute({ pool: undefined, redirect })).toBe("taken");
    expect(onRoute({ redirect })).toContain("allowed: either a pool or a redirect");
    expect(refusal({ routes: [{ path: "/" }] })).toContain("allowed: either a pool or a redirect");
    expect(onRoute({ pool: "wbe" })).toBe(says("pool", "wbe", '"web"'));
  });

  const leads = (to: unknown, change: Record<string, unknown> = {}) =>
    onRoute({ pool: undefined, redirect: { to }, ...change });

  it("may be a redirect to a URL with its host, or to a path", () => {
    for (const to of [
      "https://example.com",
      "http://example.com:8080/a?b#c",
      "https://example.com{path}",
      "https://[::1]/",
      "/new",
      "/new{path}",
      "/login?next={path}",
      "/",
    ])
      expect([to, leads(to)]).toEqual([to, "taken"]);
    for (const to of [
      "//evil.com",
      "https://{path}",
      "https:///a",
      "https://",
      "https://a@{path}",
      "example.com",
      "ftp://a",
      "/a b",
      "/\\evil.com",
      "https://a\\b",
      "/a\r\nX: 1",
      "",
      "/é",
    ])
      expect(leads(to)).toBe(says("redirect.to", to, "a URL with its host, or a path"));
    for (const to of ["/{host}", "/a{path", "https://a.com/{paths}"])
      expect(leads(to)).toBe(says("redirect.to", to, "a place without braces but those of {path}"));
    expect(onRoute({ pool: undefined, redirect: { to: "/", status: 304 } })).toBe(
      says("redirect.status", 304, "301, 302, 303, 307, 308"),
    );
  });

  it("may not lead back to the same route", () => {
    const back = "a redirect to where the route does not lead on, for ever";
    for (const to of ["/shop", "/shop/new", "/shop{path}", "{path}", "/shop?from={path}", "//shop".slice(1), "/%73hop"])
      expect(leads(to)).toBe(says("redirect", { to, status: 302 }, back));
    expect(leads("/shopping")).toBe("taken");
    expect(leads("/shop", { methods: ["POST"] })).toBe("taken");
    for (const status of [307, 308])
      expect(onRoute({ pool: undefined, methods: ["POST"], redirect: { to: "/shop", status } })).toContain(back);
    expect(leads("/shop", { fields: { "X-Old": "*" } })).toContain(back);
    expect(leads("/shop", { host: "*.old.example.com" })).toContain(back);
  });
});

describe("the rules for fields", () => {
  const sections = ["requestFields", "responseFields"] as const;
  const touchable =
    "a field that may change on the way: not Host, X-Request-Id or Idempotency-Key, none that says how a body is delimited or coded, none of one connection";

  it.each(sections)("set and remove, in %s, what may change on the way", (key) => {
    expect(
      onRoute({ [key]: { set: { "X-Frame-Options": "DENY", "X-Empty": "" }, remove: ["Server", "X-Powered-By"] } }),
    ).toBe("taken");
    for (const name of [
      "Host",
      "connection",
      "Transfer-Encoding",
      "CONTENT-LENGTH",
      "Content-Encoding",
      "Upgrade",
      "TE",
      "X-Request-Id",
      "Via",
      "Date",
      "Idempotency-Key",
      "Sec-WebSocket-Key",
    ]) {
      expect(onRoute({ [key]: { set: { [name]: "x" } } })).toBe(says(`${key}.set.${name}`, name, touchable));
      expect(onRoute({ [key]: { remove: [name] } })).toBe(says(`${key}.remove[0]`, name, touchable));
    }
  });

  it.each(sections)("are names and values, in %s, that fit in one line, each name once", (key) => {
    expect(onRoute({ [key]: { set: { "X A": "x" } } })).toContain("allowed: the name of a header field");
    expect(onRoute({ [key]: { set: { "X-A": "a\r\nX-B: b" } } })).toContain("allowed: a field value in one line");
    expect(onRoute({ [key]: { set: { "X-A": "€" } } })).toContain("allowed: a field value in one line");
    expect(onRoute({ [key]: { set: { "X-A": "1" }, remove: ["x-a"] } })).toContain("allowed: each field once");
    expect(onRoute({ [key]: { add: { "X-A": "1" } } })).toContain("allowed: the keys set, remove");
  });
});

describe("the bounds", () => {
  const inRate = (change: Record<string, unknown>) => onRoute({ rateLimit: { requests: 10, ...change } });
  const numbers: readonly (readonly [string, (change: Record<string, unknown>) => string, number, number, string])[] = [
    ["deadlineMs", onRoute, 1, limits.deadlineMs, " of milliseconds"],
    ["idleMs", onRoute, 1, limits.idleMs, " of milliseconds"],
    ["tunnelMs", onRoute, 1, limits.tunnelMs, " of milliseconds"],
    ["maxBodyBytes", onRoute, 0, limits.requestBodyBytes, " of bytes"],
    ["rateLimit.requests", inRate, 1, 1_000_000, ""],
    ["rateLimit.perMs", inRate, 1000, 86_400_000, " of milliseconds"],
    ["rateLimit.burst", inRate, 1, 1_000_000, ""],
    ["rateLimit.ipv6Prefix", inRate, 1, 128, " of bits"],
  ];

  it.each(numbers)("are kept by %s", (path, ask, least, most, unit) => {
    const key = path.replace(/.*\./, "");
    const allowed = `a whole number${unit} from ${least} to ${most}`;
    for (const value of [least - 1, most + 1, least + 0.5, `${least}`])
      expect(ask({ [key]: value })).toBe(says(path, value, allowed));
    for (const value of [least, most]) expect(ask({ [key]: value })).toBe("taken");
  });

  it("of a rate limit are for one client, told by an address, a field or a cookie", () => {
    expect(onRoute({ rateLimit: null })).toBe("taken");
    for (const by of ["source", "header:Authorization", "cookie:session"]) expect(inRate({ by })).toBe("taken");
    for (const by of ["uri", "header:", "cookie:a=b", "ip"])
      expect(inRate({ by })).toBe(says("rateLimit.by", by, '"source", "header:<name>" or "cookie:<name>"'));
    expect(onRoute({ rateLimit: {} })).toContain("routes[0].rateLimit.requests: found nothing, allowed: ");
  });

  it("say of idempotent whether, and no more", () => {
    expect(onRoute({ idempotent: true })).toBe("taken");
    expect(onRoute({ idempotent: "POST" })).toBe(says("idempotent", "POST", "true or false"));
  });
});
