import { defineSite } from "trefoil";

/** A site whose servers are no Workers: three HTTP servers on this machine. README.md says how to try it. */
export default defineSite({
  routes: [{ path: "/", pool: "web" }],
  pools: {
    web: {
      algorithm: "roundrobin",
      stickiness: "cookie",
      servers: [
        { name: "one", url: "http://127.0.0.1:9001" },
        { name: "two", url: "http://127.0.0.1:9002" },
        { name: "three", url: "http://127.0.0.1:9003" },
      ],
      // A page that any server has. Where yours has one for this, such as /healthz, put it here.
      health: { path: "/", interMs: 1000, fastinterMs: 500, downinterMs: 1000 },
      slowStartMs: 2000,
    },
  },
});
