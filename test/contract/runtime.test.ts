import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { runCommands } from "../../shared/admin/runtime.ts";
import { ControlSim, poolsOf } from "../support/control-sim.ts";
import { haproxy, type RunningHaproxy, startHaproxy } from "../support/haproxy.ts";

const pools = poolsOf({
  web: {
    servers: ["a", "b"].map((name) => ({ name, weight: 10, url: "http://127.0.0.1:1" })),
    health: null,
  },
});

/** Commands that both know, in an order in which each is done before its effect is shown. */
const script = [
  "get weight web/a",
  "set server web/a weight 33%",
  "get weight web/a",
  "set server web/a weight 99999%",
  "get weight web/a",
  "set weight web/a 0",
  "get weight web/a",
  "set weight web/a 100%",
  "get weight web/a",
  ...["", "x", "%", "5x", "5%x", "2.5", "-1", "-1%", "257", "+7", "999999999999"].flatMap((weight) => [
    `set server web/b weight ${weight}`,
    "get weight web/b",
  ]),
  ...["set server", "set weight", "get weight", "enable server", "disable server"].flatMap((command) => [
    command,
    `${command} web`,
    `${command} nope/a`,
    `${command} web/zz`,
  ]),
  "set server web/a state",
  "set server web/a state up",
  "set server web/a state drain",
  "set server web/a state maint",
  "set server web/a state ready",
  "set server web/a health",
  "set server web/a health well",
  "disable server web/a",
  "enable server web/a",
  "show servers state nope",
  "show servers conn nope",
  "get weight web/a;get weight web/b",
];

describe.runIf(haproxy !== null)("the Runtime API and HAProxy's own", () => {
  let judge: RunningHaproxy;
  beforeAll(async () => {
    judge = await startHaproxy(haproxy ?? "", {
      web: { algorithm: "roundrobin", servers: { a: "weight 10", b: "weight 10" } },
    });
  });
  afterAll(() => judge.close());

  test("answer the same to the letter", async () => {
    const sim = new ControlSim(pools);
    for (const command of script) {
      const answer = runCommands(command, {
        state: sim.state,
        nowMs: sim.nowMs,
        loads: new Map(),
        stat: () => "",
        change: ({ pool, config }, change) => sim.admin(`${pool}/${config.name}`, change),
        clear: () => undefined,
      });
      expect([command, answer.trimEnd()]).toEqual([command, (await judge.command(command)).trimEnd()]);
    }
  });
});
