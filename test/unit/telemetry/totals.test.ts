import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "../../../shared/kernel/limits.ts";
import { counterNames, type CountersDelta, kinds, mergeDeltas, noPool } from "../../../shared/telemetry/counters.ts";
import { type StoredTotals, Totals } from "../../../shared/telemetry/totals.ts";
import { present } from "../../../shared/kernel/assert.ts";
import { deltas, poolNames } from "../../support/deltas.ts";

const read = (totals: Totals, nowMs: number) => present(totals.read("web", nowMs), "the pool web");
const ofServer = (totals: Totals, nowMs: number) => present(read(totals, nowMs).servers.get("a"), "the server a");
const told = (counts: CountersDelta["web"]["backend"]): CountersDelta => ({
  web: { frontend: counts, backend: counts, servers: { a: counts } },
});

describe("totals", () => {
  it("add up what all isolates counted, in whatever order it comes", () => {
    const reports = fc.array(fc.tuple(fc.constantFrom("one", "two"), deltas), { maxLength: 8 });
    fc.assert(
      fc.property(reports, (each) => {
        const totals = new Totals(poolNames);
        for (const [isolate, delta] of each) totals.absorb(isolate, delta, 0);
        const merged = each.reduce<CountersDelta>((sum, [, delta]) => mergeDeltas(sum, delta), {});
        for (const pool of ["web", "api"]) {
          const { backend, servers } = present(totals.read(pool, 0), pool);
          for (const name of counterNames.filter((counter) => kinds[counter] !== "gauge")) {
            expect(backend.counts[name]).toBe(merged[pool]?.backend[name] ?? 0);
            expect(servers.get("b")?.counts[name]).toBe(merged[pool]?.servers["b"]?.[name] ?? 0);
          }
        }
      }),
    );
  });

  it("have under way what the isolates told last, together", () => {
    const totals = new Totals(poolNames);
    totals.absorb("one", told({ scur: 3, smax: 5, qcur: 1, qmax: 1 }), 0);
    totals.absorb("two", told({ scur: 4, smax: 4 }), 0);
    expect(ofServer(totals, 0).counts).toMatchObject({ scur: 7, smax: 9, qcur: 1, qmax: 1 });
    totals.absorb("one", told({ scur: 1, smax: 3 }), 1000);
    expect(ofServer(totals, 1000).counts).toMatchObject({ scur: 5, smax: 9, qcur: 0, qmax: 1 });
    totals.absorb("one", {}, 2000);
    expect(ofServer(totals, 2000).counts.scur).toBe(4);
  });

  it("take an isolate for gone that has told nothing for so long", () => {
    const totals = new Totals(poolNames);
    totals.absorb("one", told({ scur: 3 }), 0);
    totals.absorb("two", told({ scur: 4 }), 1);
    expect(ofServer(totals, limits.isolateSilentMs - 1).counts.scur).toBe(7);
    expect(ofServer(totals, limits.isolateSilentMs).counts.scur).toBe(4);
    expect(ofServer(totals, limits.isolateSilentMs + 1).counts.scur).toBe(0);
    totals.absorb("one", told({ scur: 2 }), limits.isolateSilentMs + 2);
    expect(ofServer(totals, limits.isolateSilentMs + 2).counts.scur).toBe(2);
  });

  it("have the rates of all isolates of one second, and the highest there was", () => {
    const totals = new Totals(poolNames);
    totals.absorb("one", told({ rate: 10 }), 1200);
    totals.absorb("two", told({ rate: 5 }), 1900);
    expect(ofServer(totals, 2500)).toMatchObject({ rateMax: 15, counts: { rate: 15 } });
    totals.absorb("one", told({ rate: 2 }), 3000);
    expect(ofServer(totals, 4500)).toMatchObject({ rateMax: 15, counts: { rate: 2 } });
    expect(ofServer(totals, 5000)).toMatchObject({ rateMax: 15, counts: { rate: 0 } });
  });

  it("average the times over all answers as long as there are few", () => {
    const totals = new Totals(poolNames);
    totals.absorb("one", told({ timed: 1, rtime: 100, ttime: 200, qtime: 10 }), 0);
    totals.absorb("two", told({ timed: 3, rtime: 60, ttime: 120, qtime: 6 }), 0);
    const { queueMs, responseMs, totalMs } = ofServer(totals, 0);
    expect([queueMs, responseMs, totalMs]).toEqual([4, 40, 80]);
  });

  it("forget old times: after 1024 answers more, what was before weighs little", () => {
    const totals = new Totals(poolNames);
    totals.absorb("one", told({ timed: 5000, rtime: 5000 * 100 }), 0);
    for (let report = 0; report < 64; report++) totals.absorb("one", told({ timed: 16, rtime: 16 * 10 }), 0);
    expect(ofServer(totals, 0).responseMs).toBeGreaterThan(10);
    expect(ofServer(totals, 0).responseMs).toBeLessThan(10 + 90 * 0.37);
    totals.absorb("one", told({ timed: 1024, rtime: 1024 * 20 }), 0);
    expect(ofServer(totals, 0).responseMs).toBeCloseTo(20);
  });

  it("know when the last request came", () => {
    const totals = new Totals(poolNames);
    expect(ofServer(totals, 0).lastRequestMs).toBe(null);
    totals.absorb("one", told({ stot: 1 }), 500);
    totals.absorb("one", told({ hrsp_2xx: 1 }), 900);
    expect(ofServer(totals, 1000).lastRequestMs).toBe(500);
  });

  it("go on where they were when they are stored, without what only live isolates know", () => {
    fc.assert(
      fc.property(fc.array(deltas, { maxLength: 4 }), deltas, (before, after) => {
        const stays = new Totals(poolNames);
        for (const delta of before) stays.absorb("one", delta, 0);
        const stored = JSON.parse(JSON.stringify(stays.store())) as StoredTotals;
        const restored = new Totals(poolNames, stored);
        for (const totals of [stays, restored]) totals.absorb("one", after, 2000);
        expect(restored.store()).toEqual(stays.store());
        expect(restored.read("web", 2000)).toEqual(stays.read("web", 2000));
      }),
    );
  });

  it("drop what the site no longer has", () => {
    const totals = new Totals(poolNames);
    totals.absorb("one", { ...told({ stot: 1 }), [noPool]: { frontend: { stot: 2 }, backend: {}, servers: {} } }, 0);
    const restored = new Totals({ web: ["b"] }, totals.store());
    restored.absorb("one", told({ stot: 1 }), 0);
    restored.absorb("two", { gone: { frontend: { stot: 1 }, backend: {}, servers: {} } }, 0);
    expect([...read(restored, 0).servers.keys()]).toEqual(["b"]);
    expect(read(restored, 0).backend.counts.stot).toBe(2);
    expect(restored.read("api", 0)).toBe(null);
    expect(restored.read(null, 0)?.frontend.counts.stot).toBe(2);
  });

  it("begin anew: the largest values alone, or all", () => {
    const totals = new Totals(poolNames);
    totals.absorb("one", told({ stot: 3, smax: 3, scur: 1, rtime_max: 9, timed: 3, rtime: 9, rate: 3 }), 0);
    totals.clear("maxima");
    expect(ofServer(totals, 5000)).toMatchObject({ rateMax: 0, responseMs: 3 });
    expect(ofServer(totals, 5000).counts).toMatchObject({ stot: 3, smax: 0, scur: 1, rtime_max: 0 });
    totals.clear("all");
    expect(ofServer(totals, 5000)).toMatchObject({ responseMs: 0, counts: { stot: 0, scur: 1 } });
  });
});
