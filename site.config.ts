import { defineSite } from "trefoil";

/** What this site is made of. Every key that may stand here is described in `shared/config/site.ts`. */
export default defineSite({
  routes: [{ path: "/", pool: "web" }],
  pools: {
    web: {
      algorithm: "roundrobin",
      servers: [
        { name: "a", binding: "ORIGIN_A" },
        { name: "b", binding: "ORIGIN_B" },
        { name: "c", binding: "ORIGIN_C" },
      ],
      deadlineMs: 10_000,
    },
  },
  database: { primary: "db-1", replicas: ["db-2", "db-3"], readWaitMs: 100 },
  debugHeaders: "dev",
});
