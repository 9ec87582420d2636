import { defineSite } from "trefoil";

const servers = [
  { name: "a", binding: "ORIGIN_A" },
  { name: "b", binding: "ORIGIN_B" },
  { name: "c", binding: "ORIGIN_C" },
];

/** A site whose times are short, one of whose pools is sticky, and which has error pages of its own. */
export default defineSite({
  routes: [
    { path: "/", pool: "web" },
    { path: "/hasty", pool: "web", deadlineMs: 400 },
    { path: "/idle", pool: "web", idleMs: 400, tunnelMs: 30_000 },
    { path: "/tunnel", pool: "web", idleMs: 30_000, tunnelMs: 400 },
    { path: "/sticky", pool: "sticky" },
    { path: "/api/session", pool: "sticky" },
  ],
  pools: { web: { servers }, sticky: { servers, stickiness: "cookie" } },
  errorPages: {
    default: { html: "<h1>{{status}} {{title}}</h1><p>{{message}}</p><i>{{requestId}}</i>" },
    "503": {
      html: "<h1>Back soon</h1>",
      json: '{"problem":"{{code}}","id":"{{requestId}}"}',
      text: "{{status}}: {{message}}",
    },
  },
  debugHeaders: true,
});
