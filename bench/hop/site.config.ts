import { defineSite } from "trefoil";

const servers = [
  { name: "a", binding: "ORIGIN_A", maxconn: 1000 },
  { name: "b", binding: "ORIGIN_B", maxconn: 1000 },
  { name: "c", binding: "ORIGIN_C", maxconn: 1000 },
];

/** Everything that the load balancer does for a request is on, and nothing is refused. */
export default defineSite({
  routes: [{ path: "/", pool: "web", rateLimit: { requests: 1_000_000, perMs: 1000 } }],
  pools: { web: { servers, algorithm: "leastconn", stickiness: "cookie", health: {}, observe: {}, outliers: {} } },
  debugHeaders: false,
});
