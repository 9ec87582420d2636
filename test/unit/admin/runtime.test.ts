import { describe, expect, test } from "vitest";

import { runCommands, type RuntimeHost } from "../../../shared/admin/runtime.ts";
import { ControlSim, poolsOf } from "../../support/control-sim.ts";

const server = (name: string, weight: number, more: object = {}) => ({
  name,
  weight,
  url: "http://127.0.0.1:9001",
  ...more,
});

const pools = poolsOf({
  web: { servers: [server("a", 1), server("b", 10), server("c", 5, { backup: true })] },
  api: { servers: [{ name: "x", binding: "ORIGIN_A" }], health: null },
});

/** Control whose server b is down, as the Runtime API sees it. */
function open() {
  const sim = new ControlSim(pools);
  sim.answers.set("web/b", { type: "failed", error: "refused", durationMs: 1 });
  sim.report();
  sim.run(5000, 1000);
  const cleared: string[] = [];
  const host = (): RuntimeHost => ({
    state: sim.state,
    nowMs: sim.nowMs,
    loads: new Map([["web/a", { current: 2, most: 7 }]]),
    stat: () => "# pxname,svname,\nweb,a,\n",
    change: ({ pool, config }, change) => sim.admin(`${pool}/${config.name}`, change),
    clear: (what) => cleared.push(what),
  });
  return { sim, cleared, run: (text: string) => runCommands(text, host()) };
}

const usage = "usage: set server <backend>/<server> health | state | weight\n\n";
const noServer = "No such server.\n\n";
const noBackend = "No such backend.\n\n";
const nameNeeded = "Require 'backend/server'.\n\n";
const states = "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n\n";
const healths = "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n\n";

// What HAProxy 2.6.12 answers, but for `usage`, which names there what there is none of here. The contract suite of
// `test/contract/runtime.test.ts` asks one where there is one.
test.each([
  ["set server", nameNeeded],
  ["set server web", nameNeeded],
  ["set server web/zz state drain", noServer],
  ["set server nope/a state drain", noBackend],
  ["set server web/a", usage],
  ["set server web/a foo", usage],
  ["set server web/a state", states],
  ["set server web/a state foo", states],
  ["set server web/a health", healths],
  ["set server web/a health foo", healths],
  ["set server web/a weight", "Require <weight> or <weight%>.\n\n"],
  ["set server web/a weight foo", "Empty weight string empty or preceded by garbage\n"],
  ["set server web/b weight 5x", "Trailing garbage in weight string\n"],
  ["set server web/a weight 300", "Absolute weight can only be between 0 and 256 inclusive.\n\n"],
  ["set weight web/b -5%", "Relative weight must be positive.\n\n"],
  ["set weight", nameNeeded],
  ["set weight web/zz 3", noServer],
  ["get weight", nameNeeded],
  ["get weight web/b", "10 (initial 10)\n\n"],
  ["get weight nope/b", noBackend],
  ["disable server", nameNeeded],
  ["disable server web/zz", noServer],
  ["enable server nope", nameNeeded],
  ["show servers state nope", "Can't find backend.\n\n"],
  ["show servers conn nope", "Can't find backend.\n\n"],
  ["", ""],
  [" ; \n", ""],
])("%j is answered as HAProxy does", (command, answer) => {
  expect(open().run(command)).toBe(answer);
});

describe("a command that changes something says nothing, and does it", () => {
  test("states", () => {
    const { sim, run } = open();
    expect(run("set server web/a state drain")).toBe("\n");
    expect(sim.displays["web/a"]).toBe("DRAIN");
    expect(run("disable server web/a")).toBe("\n");
    expect(sim.displays["web/a"]).toBe("MAINT");
    expect(run("enable server web/a")).toBe("\n");
    expect(sim.displays["web/a"]).toBe("UP 1/3");
    run("set server web/a state drain; enable server web/a");
    expect(sim.record("web/a").admin).toBe("drain");
  });

  test("weights, of which that of the configuration is none of its own", () => {
    const { sim, run } = open();
    expect(run("set server web/b weight 50%; get weight web/b")).toBe("\n5 (initial 10)\n\n");
    expect(run("set weight web/b 7\nget weight web/b")).toBe("\n7 (initial 10)\n\n");
    run("set weight web/b 100%");
    expect(sim.record("web/b").weight).toBeNull();
  });

  test("health", () => {
    const { sim, run } = open();
    expect(run("set server web/a health stopping")).toBe("\n");
    expect(sim.displays["web/a"]).toBe("NOLB");
    run("set server web/a health down");
    expect(sim.displays["web/a"]).toBe("DOWN");
  });

  test("counters", () => {
    const { cleared, run } = open();
    expect(run("clear counters; clear counters all")).toBe("\n\n");
    expect(cleared).toEqual(["maxima", "all"]);
  });
});

describe("what is shown", () => {
  test("show servers state has HAProxy's version, header and 25 columns", () => {
    const { run } = open();
    run("set server web/c state drain");
    const lines = run("show servers state web").split("\n");
    expect(lines[0]).toBe("1");
    expect(lines[1]?.split(" ")).toHaveLength(26);
    expect(lines.slice(2)).toEqual([
      "2 web 1 a 127.0.0.1 2 0 1 1 5 15 3 4 6 0 0 0 - 9001 - 0 0 - - 0",
      "2 web 2 b 127.0.0.1 0 0 10 10 4 8 2 0 6 0 0 0 - 9001 - 0 0 - - 0",
      "2 web 3 c 127.0.0.1 2 8 5 5 0 15 3 4 6 0 0 0 - 9001 - 0 0 - - 0",
      "",
      "",
    ]);
    run("set server web/a state maint");
    expect(run("show servers state")).toContain("2 web 1 a 127.0.0.1 0 1 1 1 0 1 0 0 14 0 0 0 - 9001 - 0 0 - - 0\n");
    expect(run("show servers state api")).toContain("3 api 1 x - 2 0 1 1 5 1 0 1 0 0 0 0 - 0 - 0 0 - - 0\n\n");
  });

  test("show servers conn has the requests under way", () => {
    const [header, ...rows] = open().run("show servers conn web").split("\n");
    expect(header).toMatch(/^# bkname\/svname bkid\/svid addr port - purge_delay used_cur used_max need_est /);
    expect(rows.slice(0, 2)).toEqual([
      "web/a 2/1 127.0.0.1 9001 - 0 2 7 7 0 0 -1 0 0",
      "web/b 2/2 127.0.0.1 9001 - 0 0 0 0 0 0 -1 0 0",
    ]);
  });

  test("show stat is the statistics with an empty line after them", () => {
    expect(open().run("show stat")).toBe("# pxname,svname,\nweb,a,\n\n");
  });

  test("show info names what there is", () => {
    const info = open().run("show info");
    for (const line of ["Name: Trefoil", "Servers: 4", "ServersUp: 3", "Isolates: 1", "CurrConns: 2"])
      expect(info).toContain(`${line}\n`);
  });

  test("help lists the commands, or those that begin so; and so does what nobody knows", () => {
    const { run } = open();
    const all = run("help").split("\n");
    expect(all[0]).toBe("The following commands are valid at this level:");
    expect(all).toContain("  get weight <bk>/<srv>                   : report a server's current weight");
    expect(run("help show").split("\n")).toHaveLength(1 + 4 + 2);
    expect(run("show")).toMatch(
      /^Unknown command, but maybe one of the following ones is a better match:\n {2}show info/,
    );
    expect(run("foo bar")).toMatch(/^Unknown command, but .*\n {2}clear counters/);
  });
});
