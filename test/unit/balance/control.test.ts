import { describe, expect, test } from "vitest";

import type { CheckAnswer } from "../../../shared/balance/check.ts";
import { newsFor } from "../../../shared/balance/control.ts";
import { findServer, snapshotOf, startControl } from "../../../shared/balance/control-state.ts";
import { limits } from "../../../shared/kernel/limits.ts";
import { ControlSim, poolsOf } from "../../support/control-sim.ts";

const server = (name: string, more: object = {}) => ({ name, url: "http://127.0.0.1:1", ...more });
const three = [server("a"), server("b"), server("c")];
const web = (more: object = {}) => poolsOf({ web: { servers: three, ...more } });

const refused: CheckAnswer = { type: "failed", error: "refused", durationMs: 1 };
const hung: CheckAnswer = { type: "late", durationMs: limits.probeMs };

/** Control whose servers have all been found well. */
function awake(pools = web()): ControlSim {
  const sim = new ControlSim(pools);
  sim.report();
  sim.run(100);
  return sim;
}

/** When a server was checked, in milliseconds since `sinceMs`. */
const times = (sim: ControlSim, key: string, sinceMs: number) =>
  sim.checks.filter((check) => check.server === key && check.atMs >= sinceMs).map(({ atMs }) => atMs - sinceMs);

describe("checks", () => {
  test("begin with the first report, of all servers at once", () => {
    const sim = new ControlSim(web());
    sim.run(3_600_000);
    expect([sim.checks, sim.alarms]).toEqual([[], []]);
    sim.report();
    expect(sim.checks.map((check) => check.server)).toEqual(["web/a", "web/b", "web/c"]);
    expect(sim.displays).toEqual({ "web/a": "UP 1/3", "web/b": "UP 1/3", "web/c": "UP 1/3" });
    sim.run(10);
    expect(sim.displays).toEqual({ "web/a": "UP", "web/b": "UP", "web/c": "UP" });
  });

  test("come every inter while there is traffic, and an alarm for all of them together", () => {
    const sim = awake();
    sim.run(2000, 1000);
    const [sinceMs, alarms] = [sim.nowMs, sim.alarms.length];
    sim.run(20_000, 1000);
    expect(times(sim, "web/a", sinceMs)).toHaveLength(10);
    expect(sim.alarms.length - alarms).toBe(10);
  });

  test("take a server down as HAProxy does: UP 2/3, UP 1/3, DOWN, with fastinter between, and back up", () => {
    const sim = awake(web({ health: { interMs: 2000, fastinterMs: 1000, downinterMs: 3000 } }));
    sim.answers.set("web/b", refused);
    const seen: [string, number][] = [];
    const startMs = sim.nowMs;
    for (let ms = 0; ms < 20_000; ms += 100) {
      if (ms === 10_000) sim.answers.delete("web/b");
      sim.run(100, 100);
      const state = sim.displays["web/b"] ?? "";
      if (seen.at(-1)?.[0] !== state) seen.push([state, sim.nowMs - startMs]);
    }
    expect(seen.map(([state]) => state)).toEqual(["UP", "UP 2/3", "UP 1/3", "DOWN", "DOWN 1/2", "UP"]);
    const [, second = 0, third = 0, down = 0, rising = 0, up = 0] = seen.map(([, atMs]) => atMs);
    expect([third - second, down - third, up - rising]).toEqual([1000, 1000, 1000]);
    expect(sim.record("web/b")).toMatchObject({ health: "up", downs: 1, failedChecks: 3 });
    expect(sim.record("web/b").upSinceMs).toBe(sim.record("web/b").changedAtMs);
    expect(sim.record("web/b").downMs).toBeGreaterThan(3000);
    expect(sim.record("web/a")).toMatchObject({ upSinceMs: null, downs: 0, failedChecks: 0 });
  });

  test("of a server that hangs delay nobody else's", () => {
    const sim = awake();
    sim.answers.set("web/a", hung);
    const sinceMs = sim.nowMs;
    sim.run(20_000, 1000);
    for (const key of ["web/b", "web/c"]) {
      const gaps = times(sim, key, sinceMs).map((at, index, all) => at - (all[index - 1] ?? at - 2000));
      expect(gaps).toEqual(Array(10).fill(2000));
    }
    expect(sim.displays).toMatchObject({ "web/a": "DOWN", "web/b": "UP" });
  });

  test("of a server that takes its time come as often as those of the others", () => {
    const sim = awake();
    sim.answers.set("web/a", { type: "answered", status: 200, body: null, durationMs: 900 });
    sim.run(2000, 1000);
    const sinceMs = sim.nowMs;
    sim.run(20_000, 1000);
    expect(times(sim, "web/a", sinceMs)).toEqual(times(sim, "web/b", sinceMs));
  });

  test(`are ${limits.checksAtOnce} at once at most, those first that have waited longest`, () => {
    const many = Array.from({ length: limits.checksAtOnce + 8 }, (_, at) => server(`s${at}`));
    const sim = new ControlSim(poolsOf({ web: { servers: many } }));
    for (const { name } of many) sim.answers.set(`web/${name}`, hung);
    sim.report();
    expect(sim.checks).toHaveLength(limits.checksAtOnce);
    sim.run(limits.probeMs - 1);
    expect(sim.checks).toHaveLength(limits.checksAtOnce);
    sim.run(1);
    expect(new Set(sim.checks.slice(0, many.length).map((check) => check.server)).size).toBe(many.length);
  });

  test("there are none with health: null, and every server counts as up", () => {
    const sim = awake(web({ health: null }));
    sim.report({ "web/a": { observed: "mark-down" } });
    sim.admin("web/b", { type: "health", health: "down" });
    sim.run(60_000, 1000);
    expect([sim.checks, sim.alarms]).toEqual([[], []]);
    expect(sim.displays).toEqual({ "web/a": "no check", "web/b": "no check", "web/c": "no check" });
  });

  test("go on for an inter of an hour, as long as there is traffic", () => {
    const sim = awake(web({ health: { interMs: 3_600_000 } }));
    sim.run(4 * 3_600_000, 10_000);
    expect(times(sim, "web/a", 0).length).toBeGreaterThanOrEqual(4);
    expect(times(sim, "web/a", 0).length).toBeLessThanOrEqual(6);
  });
});

describe("what the front observes", () => {
  test("mark-down takes a server out before the reply, and it comes back by its checks", () => {
    const sim = awake();
    const snapshot = sim.report({ "web/a": { observed: "mark-down" } });
    expect(snapshot?.pools["web"]?.["a"]?.health).toBe("down");
    expect(sim.record("web/a")).toMatchObject({ failedAnalyses: 1, downs: 1, failedChecks: 0 });
    sim.run(5000, 1000);
    expect(sim.displays["web/a"]).toBe("UP");
  });

  test("fastinter has it checked sooner, and changes nothing else", () => {
    const sim = awake();
    const before = sim.nowMs;
    const { generation } = sim.state;
    sim.report({ "web/a": { observed: "fastinter" } });
    sim.run(1500, 500);
    expect(times(sim, "web/a", before)).toEqual([1000]);
    expect(times(sim, "web/b", before)).toEqual([]);
    expect(sim.state.generation).toBe(generation);
  });

  test("counts once, though the report comes twice", () => {
    const sim = awake();
    for (let turn = 0; turn < 3; turn += 1) sim.report({ "web/a": { observed: "fail-check" } }, { sequence: 700 });
    expect(sim.displays["web/a"]).toBe("UP 2/3");
    expect(sim.counted.filter(({ sequence }) => sequence === 700)).toHaveLength(1);
    sim.report({ "web/a": { observed: "fail-check" } }, { sequence: 700, isolate: "other" });
    sim.report({ "web/a": { observed: "fail-check" } }, { sequence: 699 });
    expect(sim.displays["web/a"]).toBe("UP 1/3");
  });

  test(`is remembered of ${limits.isolates} isolates`, () => {
    const sim = awake();
    for (let at = 0; at < limits.isolates + 50; at += 1) sim.report({}, { isolate: `i${at}`, sequence: 1 });
    expect(sim.state.sequences.size).toBe(limits.isolates);
  });

  test("of names that there are not changes nothing", () => {
    const sim = awake();
    const before = snapshotOf(sim.state);
    sim.report({ "web/zz": { observed: "mark-down" }, "nowhere/a": { observed: "mark-down" } });
    sim.report({ "web/__proto__": { observed: "mark-down" }, "web/toString": { observed: "mark-down" } });
    sim.admin("web/zz", { type: "weight", weight: 3 });
    expect(snapshotOf(sim.state)).toEqual(before);
  });
});

describe("what an operator wants", () => {
  test("is in the next snapshot, with a new generation, and in the storage", () => {
    const sim = awake();
    const { generation } = sim.state;
    const untilMs = sim.nowMs + 1_800_000;
    sim.admin("web/a", { type: "state", state: "drain", forMs: 1_800_000 });
    sim.admin("web/b", { type: "weight", weight: 7 });
    const snapshot = sim.report();
    expect(snapshot?.generation).toBe(generation + 2);
    expect(snapshot?.pools["web"]).toMatchObject({
      a: { admin: "drain", drainUntilMs: untilMs, health: "up" },
      b: { admin: "ready", weight: 7 },
    });
    expect(sim.stored.get("web/a")).toMatchObject({ admin: "drain", drainUntilMs: untilMs });
    sim.admin("web/a", { type: "state", state: "ready", forMs: 5 });
    sim.admin("web/b", { type: "weight", weight: null });
    expect(sim.report()?.pools["web"]).toMatchObject({
      a: { admin: "ready", drainUntilMs: null },
      b: { weight: null },
    });
  });

  test("that changes nothing makes no new generation and writes nothing", () => {
    const sim = awake();
    const before = [sim.state.generation, sim.rowsWritten];
    sim.admin("web/a", { type: "state", state: "ready", forMs: null });
    sim.admin("web/a", { type: "weight", weight: null });
    expect([sim.state.generation, sim.rowsWritten]).toEqual(before);
  });

  test("is kept over a restart and a deploy", () => {
    const sim = awake();
    sim.admin("web/a", { type: "state", state: "maint", forMs: null });
    sim.admin("web/b", { type: "weight", weight: 0 });
    sim.answers.set("web/c", refused);
    sim.run(10_000, 1000);
    const before = snapshotOf(sim.state);
    sim.restart(web());
    expect(snapshotOf(sim.state)).toEqual(before);
    sim.report();
    expect(sim.displays).toEqual({ "web/a": "MAINT", "web/b": "UP 1/3", "web/c": "DOWN" });
  });

  test("maintenance ends the checks, and drops the answer of the one under way", () => {
    const sim = awake();
    sim.answers.set("web/a", { ...refused, durationMs: 500 });
    sim.run(2000, 1000);
    sim.admin("web/a", { type: "state", state: "maint", forMs: null });
    const sinceMs = sim.nowMs;
    sim.run(20_000, 1000);
    expect(times(sim, "web/a", sinceMs)).toEqual([]);
    expect(sim.displays["web/a"]).toBe("MAINT");
    expect(sim.record("web/a")).toMatchObject({ failedChecks: 0, downs: 1 });
    sim.admin("web/a", { type: "state", state: "ready", forMs: null });
    expect(sim.displays["web/a"]).toBe("UP 1/3");
    expect(times(sim, "web/a", sinceMs)).toEqual([20_000]);
    expect(sim.record("web/a")).toMatchObject({ upSinceMs: sim.nowMs, downMs: 20_000 });
    sim.run(500);
    expect(sim.displays["web/a"]).toBe("DOWN");
  });

  test("who comes out of maintenance is up until a check says otherwise, though he went in down", () => {
    const sim = awake();
    sim.admin("web/a", { type: "health", health: "down" });
    sim.admin("web/a", { type: "state", state: "maint", forMs: null });
    sim.admin("web/a", { type: "state", state: "drain", forMs: null });
    expect([sim.displays["web/a"], sim.record("web/a").health]).toEqual(["DRAIN 1/3", "up"]);
  });

  test("a server that drains is still checked, and goes DOWN when it fails", () => {
    const sim = awake();
    sim.admin("web/a", { type: "state", state: "drain", forMs: null });
    expect(sim.displays["web/a"]).toBe("DRAIN");
    sim.answers.set("web/a", refused);
    sim.run(10_000, 1000);
    expect(sim.displays["web/a"]).toBe("DOWN");
  });

  test("health down holds until the checks say otherwise", () => {
    const sim = awake();
    sim.admin("web/a", { type: "health", health: "down" });
    expect(sim.displays["web/a"]).toBe("DOWN");
    sim.run(5000, 1000);
    expect(sim.displays["web/a"]).toBe("UP");
    sim.admin("web/a", { type: "health", health: "stopping" });
    expect(sim.displays["web/a"]).toBe("NOLB");
  });
});

describe("slow servers", () => {
  const fast = { answers: 20, answerMs: 200 };
  const slow = { answers: 20, answerMs: 20_000 };
  const outliers = web({ outliers: { restMs: 30_000 } });

  test("rest, for longer each time, and their generation tells it", () => {
    const sim = awake(outliers);
    sim.report({ "web/a": fast, "web/b": fast });
    const snapshot = sim.report({ "web/c": slow });
    expect(snapshot?.pools["web"]?.["c"]?.ejectedUntilMs).toBe(sim.nowMs + 30_000);
    sim.run(30_000, 1000);
    sim.report({ "web/a": fast, "web/b": fast });
    expect(sim.report({ "web/c": slow })?.pools["web"]?.["c"]?.ejectedUntilMs).toBe(sim.nowMs + 60_000);
  });

  test("do not rest when the pool would panic, and never all", () => {
    const sim = awake(outliers);
    sim.report({ "web/a": fast, "web/b": fast, "web/c": slow });
    sim.report({ "web/b": slow });
    expect([sim.record("web/b").ejection.untilMs, sim.record("web/c").ejection.untilMs !== null]).toEqual([null, true]);
    const two = awake(poolsOf({ web: { servers: three.slice(0, 2), outliers: {}, panicPercent: 0 } }));
    two.report({ "web/a": fast, "web/b": slow });
    expect(two.record("web/b").ejection.untilMs).not.toBeNull();
    two.report({ "web/a": { answers: 20, answerMs: 900_000 } });
    expect(two.record("web/a").ejection.untilMs).toBeNull();
  });

  test("do not rest where only backups are left", () => {
    const sim = awake(
      poolsOf({ web: { servers: [server("a"), server("spare", { backup: true })], outliers: {}, panicPercent: 0 } }),
    );
    sim.report({ "web/spare": fast });
    sim.report({ "web/a": slow });
    expect(sim.record("web/a").ejection.untilMs).toBeNull();
  });

  test("are no measure for the others when they come back", () => {
    const sim = awake(outliers);
    sim.report({ "web/a": fast, "web/b": fast });
    sim.report({ "web/c": slow });
    sim.run(30_000, 1000);
    sim.report({ "web/a": fast });
    sim.report({ "web/b": { answers: 20, answerMs: 6000 } });
    expect(sim.record("web/b").ejection.untilMs).not.toBeNull();
  });

  test("do not rest unless the configuration says so", () => {
    const sim = awake();
    sim.report({ "web/a": fast, "web/b": fast, "web/c": slow });
    expect(sim.record("web/c").ejection.untilMs).toBeNull();
  });
});

describe("a deploy", () => {
  test("that removes a server or a pool drops what was stored of it, with a new generation", () => {
    const sim = awake(poolsOf({ web: { servers: three }, api: { servers: [server("x")] } }));
    sim.admin("web/c", { type: "state", state: "drain", forMs: null });
    const { generation } = sim.state;
    sim.restart(poolsOf({ web: { servers: three.slice(0, 2) } }));
    expect([...sim.stored.keys()]).toEqual(["web/a", "web/b"]);
    expect(sim.state.generation).toBe(generation + 1);
    sim.restart(web());
    expect(sim.record("web/c").admin).toBe("ready");
  });

  test("that adds a server to a pool has it begin slowly; in a new pool nobody does", () => {
    const sim = awake();
    sim.restart(
      poolsOf({ web: { servers: [...three, server("d")] }, api: { servers: [server("x")], slowStartMs: 1000 } }),
    );
    expect(sim.record("web/d").upSinceMs).toBe(sim.nowMs);
    expect([sim.record("web/a").upSinceMs, sim.record("api/x").upSinceMs]).toEqual([null, null]);
  });

  test("that ends the checks brings back who was down, and tells it", () => {
    const sim = awake();
    sim.answers.set("web/a", refused);
    sim.run(10_000, 1000);
    const { generation } = sim.state;
    sim.restart(web({ health: null }));
    expect([sim.record("web/a").health, sim.state.generation]).toEqual(["up", generation + 1]);
    expect(sim.stored.get("web/a")?.health).toBe("up");
  });

  test("takes over what an older version stored, without what is new since then", () => {
    const older = new Map([["web/a", { admin: "drain", health: "up" } as const]]);
    const { state } = startControl(web(), { reign: "first", generation: 9, servers: older }, 5000);
    expect(findServer(state, "web", "a")?.record).toMatchObject({ admin: "drain", downs: 0, changedAtMs: 5000 });
  });
});

test("an isolate that has the newest snapshot gets none; one of another reign does", () => {
  const sim = awake();
  const { reign, generation } = sim.state;
  expect(newsFor(sim.state, { reign, generation })).toBeNull();
  expect(newsFor(sim.state, { reign: "other", generation })).not.toBeNull();
  expect(newsFor(sim.state, { reign, generation: generation - 1 })).not.toBeNull();
  expect(newsFor(sim.state, null)?.reign).toBe("first");
});
