import { defineSite } from "trefoil";

const servers = [
  { name: "a", binding: "ORIGIN_A" },
  { name: "b", binding: "ORIGIN_B" },
  { name: "c", binding: "ORIGIN_C" },
];

const [a, b, c] = servers as [(typeof servers)[0], (typeof servers)[0], (typeof servers)[0]];

/** Checks that find out within a second. */
const health = { interMs: 200, fastinterMs: 100, downinterMs: 200, timeoutMs: 300, path: "/mock/health" };

/** A site with a pool for each thing that a balancer does. */
export default defineSite({
  routes: [
    { path: "/weighted", pool: "weighted" },
    { path: "/least", pool: "least" },
    { path: "/hashed", pool: "hashed" },
    { path: "/first", pool: "first" },
    { path: "/narrow", pool: "narrow" },
    { path: "/narrow/patient", pool: "narrow", deadlineMs: 60_000 },
    { path: "/sticky", pool: "sticky" },
    { path: "/sticky-edited", pool: "sticky", responseFields: { set: { "X-Set": "1" }, remove: ["Set-Cookie"] } },
    { path: "/hasty", pool: "hasty" },
    { path: "/once", pool: "once" },
    { path: "/sparing", pool: "sparing" },
    { path: "/keyed", pool: "web", idempotent: true },
    { path: "/spare", pool: "spare" },
    { path: "/counted", pool: "counted" },
    { path: "/limited", pool: "counted", rateLimit: { requests: 3, perMs: 60_000, by: "header:X-User" } },
    { path: "/small", pool: "web", maxBodyBytes: 100 },
    { path: "/rated", pool: "web", rateLimit: { requests: 3 } },
    { path: "/rated-by-user", pool: "web", rateLimit: { requests: 1, by: "header:X-User" } },
    { path: "/impatient", pool: "touchy", idleMs: 300 },
    { path: "/old", redirect: { to: "/new{path}", status: 308 } },
    { path: "/", host: "*.api.test", pool: "once" },
    { path: "/", fields: { "X-Beta": "yes" }, methods: ["GET"], pool: "weighted" },
    { path: "/", pool: "web" },
    {
      path: "/edited",
      pool: "web",
      requestFields: { set: { "X-Set": "by the route" }, remove: ["X-Removed"] },
      responseFields: { set: { "Strict-Transport-Security": "max-age=1" }, remove: ["X-From-Server"] },
    },
  ],
  pools: {
    web: { servers, health },
    weighted: { servers: [{ ...a, weight: 5 }, b, c] },
    least: { servers, algorithm: "leastconn" },
    hashed: { servers, algorithm: "hash", hashOn: "header:X-Key" },
    first: { servers: servers.map((each) => ({ ...each, maxconn: 1 })), algorithm: "first" },
    narrow: { servers: servers.map((each) => ({ ...each, maxconn: 1 })), queue: { size: 2, waitMs: 700 } },
    sticky: { servers, health, stickiness: "cookie" },
    hasty: { servers, health: null, retries: { tryMs: 300 } },
    once: { servers, health: null, retries: { most: 0 } },
    sparing: { servers, health: null, retries: { budgetPercent: 0, budgetLeast: 1 } },
    counted: { servers, health },
    touchy: { servers, health: null, observe: { errorLimit: 1, onError: "mark-down" } },
    spare: { servers: [a, { ...b, backup: true }], health },
  },
  log: "httplog",
  debugHeaders: true,
});
