import { defineSite } from "trefoil";

/** What this site is made of. Every key that may stand here is described in `shared/config/`. */
export default defineSite({
  routes: [
    { path: "/", pool: "web", deadlineMs: 10_000, idleMs: 60_000, tunnelMs: 3_600_000 },
    // Every POST below this path takes an Idempotency-Key: docs/idempotency.md.
    { path: "/api/posts", pool: "web", idempotent: true },
  ],
  pools: {
    web: {
      algorithm: "roundrobin",
      servers: [
        { name: "a", binding: "ORIGIN_A" },
        { name: "b", binding: "ORIGIN_B" },
        { name: "c", binding: "ORIGIN_C" },
      ],
    },
  },
  database: { primary: "db-1", replicas: ["db-2", "db-3"], readWaitMs: 100 },
  debugHeaders: "dev",
});
