import { afterEach, expect, test, vi } from "vitest";

import { AdminApi } from "../../../cli/api.ts";
import { formatDuration, readDuration } from "../../../cli/duration.ts";
import { serverReady } from "../../../cli/server-change.ts";
import { serverList } from "../../../cli/server-list.ts";
import { detailsOf } from "../../../shared/balance/detail.ts";
import { ControlSim, poolsOf } from "../../support/control-sim.ts";

afterEach(() => void vi.unstubAllGlobals());

const server = (name: string, more: object = {}) => ({ name, url: "http://127.0.0.1:1", ...more });

/** Runs a command against a site whose servers are those of `sim`. */
function contextOf(sim: ControlSim, words: readonly string[], options = {}) {
  const { nowMs, state } = sim;
  const body = { nowMs, generation: state.generation, servers: detailsOf(state, nowMs) };
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json(body)));
  const lines: string[] = [];
  const print = (text: string): void => void lines.push(text);
  return { lines, context: { api: new AdminApi("http://site.test", "t"), options, words, print, say: print } };
}

test("a server of a name that several pools have is asked back for", async () => {
  const sim = new ControlSim(poolsOf({ web: { servers: [server("a")] }, api: { servers: [server("a")] } }));
  const { context } = contextOf(sim, ["a"]);
  await expect(serverReady.run(context)).rejects.toThrow(
    "Several pools have a server a: web, api. Say which one: --pool web",
  );
});

test("the list says of each server what is not as usual", async () => {
  const sim = new ControlSim(
    poolsOf({
      web: { servers: [server("a"), server("b", { weight: 10 }), server("spare", { backup: true })], outliers: {} },
      api: { servers: [server("x")], health: null },
    }),
  );
  sim.answers.set("web/spare", { type: "failed", error: "refused", durationMs: 2 });
  sim.report();
  sim.run(3000, 1000);
  sim.admin("web/a", { type: "state", state: "drain", forMs: 90_000 });
  sim.admin("web/b", { type: "weight", weight: 5 });
  sim.run(65_000, 1000);
  const { lines, context } = contextOf(sim, []);
  expect(await serverList.run(context)).toBe(1);
  expect(lines.join("\n").split("\n")).toEqual([
    "POOL  SERVER  STATE     WEIGHT  CHECK            SINCE  NOTE",
    "web   a       DRAIN     1       L7OK/200 in 3ms  1m 5s  drains 25s",
    "web   b       UP        5 (10)  L7OK/200 in 3ms  1m 8s",
    "web   spare   DOWN      1       L4CON in 2ms     1m 7s  backup; refused",
    "api   x       no check  1       -                1m 8s",
  ]);
  const api = contextOf(sim, [], { pool: "api" });
  expect(await serverList.run(api.context)).toBe(0);
  expect(api.lines.join("\n").split("\n")).toHaveLength(2);
});

test("times are read and written as an operator says them", () => {
  const read = ["250ms", "90s", "30m", "2h", "1d"].map((text) => readDuration(text, "--for"));
  expect(read).toEqual([250, 90_000, 1_800_000, 7_200_000, 86_400_000]);
  for (const text of ["", "30", "m", "1.5h", "-1s", "30 m"])
    expect(() => readDuration(text, "--for")).toThrow(`--for is "${text}"`);
  const written = [0, 999, 45_000, 90_000, 3_600_000, 3_900_000, 90_000_000].map(formatDuration);
  expect(written).toEqual(["0s", "0s", "45s", "1m 30s", "1h", "1h 5m", "1d 1h"]);
});
