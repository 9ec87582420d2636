import { describe, expect, it } from "vitest";
import { noPool } from "../../../shared/telemetry/counters.ts";
import type { Exchange } from "../../../shared/telemetry/exchange.ts";
import { Recorder } from "../../../shared/telemetry/recorder.ts";
import { exchangeWith } from "../../support/exchange.ts";

const pools = { web: ["a", "b"] };

/** One request from its beginning to its end, sent to these servers one after the other. */
function serve(recorder: Recorder, parts: Partial<Exchange> = {}, tries: readonly string[] = ["a"]): void {
  const exchange = exchangeWith({ server: tries.at(-1) ?? null, ...parts });
  recorder.arrived(exchange.pool, 0);
  tries.forEach((server, index) => {
    recorder.tried("web", server, false, 0);
    const next = tries[index + 1];
    if (next !== undefined) recorder.failed("web", server, next === server ? "same" : "other");
  });
  recorder.record(exchange);
}

function taken(parts: Partial<Exchange>, tries?: readonly string[]) {
  const recorder = new Recorder(pools);
  serve(recorder, parts, tries);
  const { web, [noPool]: outside } = recorder.take(0);
  return { frontend: web?.frontend, backend: web?.backend, a: web?.servers["a"], b: web?.servers["b"], outside };
}

describe("a recorder", () => {
  it("counts a request at the frontend, the backend and the server that answered", () => {
    const { frontend, backend, a, b, outside } = taken({ bytesIn: 5, bytesOut: 72, queueMs: 3 });
    const both = { stot: 1, smax: 1, rate: 1, bin: 5, bout: 72, hrsp_2xx: 1 };
    const times = { timed: 1, qtime: 3, rtime: 12, ttime: 13, qtime_max: 3, rtime_max: 12, ttime_max: 13 };
    expect(frontend).toEqual(both);
    expect(backend).toEqual({ ...both, ...times, lbtot: 1 });
    expect(a).toEqual({ ...both, ...times, lbtot: 1 });
    expect([b, outside]).toEqual([undefined, undefined]);
  });

  it("counts nothing twice: what was taken is gone", () => {
    const recorder = new Recorder(pools);
    serve(recorder);
    recorder.take(0);
    expect(recorder.take(5000)).toEqual({});
    serve(recorder);
    expect(recorder.take(5000)["web"]?.frontend.stot).toBe(1);
  });

  it("knows how many are under way, and how many were at most since it was asked", () => {
    const recorder = new Recorder(pools);
    const gauges = () => {
      const { scur = 0, smax = 0 } = recorder.take(0)["web"]?.frontend ?? {};
      return [scur, smax];
    };
    for (let request = 0; request < 3; request++) recorder.arrived("web", 0);
    recorder.record(exchangeWith({ server: null }));
    expect(recorder.load("web", "a")).toEqual({ total: 2, pool: 2, server: 0 });
    expect(gauges()).toEqual([2, 3]);
    expect(gauges()).toEqual([2, 2]);
    for (let request = 0; request < 2; request++) recorder.record(exchangeWith({ server: null }));
    expect(gauges()).toEqual([0, 2]);
    expect(recorder.take(5000)).toEqual({});
  });

  it("knows how many wait", () => {
    const recorder = new Recorder(pools);
    recorder.queued("web");
    recorder.queued("web");
    recorder.unqueued("web");
    expect(recorder.take(0)["web"]?.backend).toEqual({ qcur: 1, qmax: 2 });
    recorder.unqueued("web");
    expect(recorder.take(0)["web"]?.backend).toEqual({ qmax: 1 });
  });

  it("counts a choice of the algorithm, and not one of a cookie", () => {
    const recorder = new Recorder(pools);
    for (const isBound of [true, false]) {
      recorder.arrived("web", 0);
      recorder.tried("web", "a", isBound, 0);
    }
    const { web } = recorder.take(0);
    expect([web?.servers["a"]?.stot, web?.servers["a"]?.lbtot, web?.backend.lbtot]).toEqual([2, 1, 1]);
  });

  it.each([
    [100, "hrsp_1xx"],
    [204, "hrsp_2xx"],
    [304, "hrsp_3xx"],
    [429, "hrsp_4xx"],
    [599, "hrsp_5xx"],
    [600, "hrsp_other"],
  ] as const)("counts the status %i as %s", (status, counter) => {
    const { frontend, backend, a } = taken({ status });
    expect([frontend?.[counter], backend?.[counter], a?.[counter]]).toEqual([1, 1, 1]);
  });

  it("holds no server to account for what the front says in its place, and takes no time of it", () => {
    const { backend, a } = taken({ status: 504, responseMs: null, termination: "sH--" });
    expect([backend?.hrsp_5xx, backend?.timed, a?.hrsp_5xx, a?.timed]).toEqual([1, undefined, undefined, undefined]);
  });

  it("counts a try that is followed by another one at the server that failed", () => {
    const { backend, a, b } = taken({ retries: 2 }, ["a", "a", "b"]);
    expect([backend?.wretr, backend?.wredis]).toEqual([1, 1]);
    expect([a?.stot, a?.wretr, a?.wredis, a?.scur, a?.hrsp_2xx]).toEqual([2, 1, 1, undefined, undefined]);
    expect([b?.stot, b?.wretr, b?.wredis, b?.hrsp_2xx]).toEqual([1, undefined, undefined, 1]);
  });

  it.each([
    ["CD", { cli_abrt: 1 }, { cli_abrt: 1 }, {}],
    ["cD", { cli_abrt: 1 }, { cli_abrt: 1 }, {}],
    ["CQ", { cli_abrt: 1 }, { cli_abrt: 1 }, {}],
    ["SD", { eresp: 1, srv_abrt: 1 }, { eresp: 1, srv_abrt: 1 }, {}],
    ["sD", { eresp: 1, srv_abrt: 1 }, { eresp: 1, srv_abrt: 1 }, {}],
    ["SH", { eresp: 1 }, { eresp: 1 }, {}],
    ["sH", { eresp: 1 }, { eresp: 1 }, {}],
    ["PH", { eresp: 1 }, { eresp: 1 }, {}],
    ["SC", { econ: 1 }, { econ: 1 }, {}],
    ["sQ", { econ: 1 }, { econ: 1 }, {}],
    ["RQ", { econ: 1 }, { econ: 1 }, {}],
    ["PR", {}, {}, { ereq: 1 }],
    ["CR", {}, {}, { ereq: 1 }],
    ["cR", {}, {}, { ereq: 1 }],
    ["LR", {}, {}, { intercepted: 1 }],
    ["IR", {}, {}, {}],
  ])("counts an end %s as HAProxy does", (end, ofBackend, ofServer, ofFrontend) => {
    const errors = ["dreq", "ereq", "econ", "eresp", "cli_abrt", "srv_abrt", "intercepted"] as const;
    const { frontend, backend, a } = taken({ status: 400, termination: `${end}--` });
    const found = [backend, a, frontend].map((delta) =>
      Object.fromEntries(errors.filter((name) => delta?.[name] !== undefined).map((name) => [name, delta?.[name]])),
    );
    expect(found).toEqual([ofBackend, ofServer, ofFrontend]);
  });

  it("tells what a rule denies from what is malformed", () => {
    expect(taken({ status: 429, termination: "PR--" }).frontend).toMatchObject({ dreq: 1 });
    expect(taken({ status: 403, termination: "PR--" }).frontend).toMatchObject({ dreq: 1 });
  });

  it("counts what belongs to no pool by itself", () => {
    const { frontend, outside } = taken({ pool: null, server: null, status: 400, termination: "PR--" }, []);
    expect(frontend).toBe(undefined);
    expect(outside?.frontend).toMatchObject({ stot: 1, ereq: 1, hrsp_4xx: 1 });
  });

  it("has the request on the account of an earlier server whose answer goes out after all", () => {
    const recorder = new Recorder(pools);
    recorder.arrived("web", 0);
    recorder.tried("web", "a", false, 0);
    recorder.failed("web", "a", "other");
    recorder.tried("web", "b", false, 0);
    recorder.returned("web", "b", "a");
    expect([recorder.load("web", "a").server, recorder.load("web", "b").server]).toEqual([1, 0]);
    recorder.record(exchangeWith({ pool: "web", server: "a", status: 503, responseMs: 1 }));
    const { servers } = recorder.take(0)["web"] ?? {};
    expect(servers?.["a"]).toMatchObject({ stot: 1, wredis: 1, hrsp_5xx: 1 });
    expect(servers?.["b"]).not.toHaveProperty("hrsp_5xx");
    expect([recorder.load("web", "a").server, recorder.load("web", "b").server]).toEqual([0, 0]);
  });

  it("ignores pools and servers that the site does not have", () => {
    const recorder = new Recorder(pools);
    recorder.arrived("shop", 0);
    recorder.tried("web", "z", false, 0);
    recorder.failed("web", "z", "other");
    recorder.queued("shop");
    recorder.record(exchangeWith({ pool: "shop" }));
    expect(recorder.take(0)).toEqual({});
  });
});
