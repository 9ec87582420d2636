import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import {
  type Fault,
  faultKinds,
  faultSchema,
  faultsOn,
  faultTargets,
  isCut,
  membersOf,
  offsetMs,
  withFault,
} from "../../../shared/admin/fault.ts";
import { explain } from "../../../shared/kernel/explain.ts";
import { limits } from "../../../shared/kernel/limits.ts";

const targets = faultTargets(["ORIGIN_A", "ORIGIN_B", "ORIGIN_C", "ORIGIN_D"]);

const refusal = (input: unknown) => v.safeParse(faultSchema(targets), input).issues?.map(explain).join("; ");

describe("a fault", () => {
  it("names what is allowed when the target or the fault is unknown", () => {
    expect(refusal({ target: "db-9", fault: "down" })).toBe(`target: found "db-9", allowed: ${targets.join(", ")}`);
    expect(refusal({ target: "db-1", fault: "dwon" })).toBe(`fault: found "dwon", allowed: ${faultKinds.join(", ")}`);
    expect(refusal({ target: "db-1", fault: "partition", peers: ["db-9"] })).toBe(
      `peers[0]: found "db-9", allowed: ${targets.join(", ")}`,
    );
    expect(refusal({ target: "db-1", fault: "down", after: 1 })).toBe(
      "after: found this key, allowed: the keys target, fault, ms, peers, direction",
    );
    expect(refusal(undefined)).toBe("the whole: found nothing, allowed: a JSON object");
  });

  it("needs a time in its bounds when it is slow or shifts the clock", () => {
    for (const ms of [undefined, 0, -1, 1.5, limits.faultMs + 1])
      expect(refusal({ target: "db-1", fault: "slow", ms })).toContain(
        `ms: found ${ms ?? "nothing"}, allowed: a whole`,
      );
    for (const ms of [1, limits.faultMs]) expect(refusal({ target: "db-1", fault: "slow", ms })).toBe(undefined);
    for (const ms of [undefined, limits.clockFaultMs + 1, -limits.clockFaultMs - 1])
      expect(refusal({ target: "db-1", fault: "clock", ms })).toMatch(/^ms: found /);
    for (const ms of [-limits.clockFaultMs, 0, limits.clockFaultMs])
      expect(refusal({ target: "db-1", fault: "clock", ms })).toBe(undefined);
  });

  it("takes the place of one of the same kind on the same target, and of no other", () => {
    const faults = [fault("db-1", "slow", { ms: 1 }), fault("db-1", "down"), fault("db-2", "slow", { ms: 1 })];
    expect(withFault(faults, fault("db-1", "slow", { ms: 2 }))).toEqual([
      faults[1],
      faults[2],
      fault("db-1", "slow", { ms: 2 }),
    ]);
  });
});

describe("the targets", () => {
  it("are the servers that the configuration binds, each once, with their machines", () => {
    expect(faultTargets(["ORIGIN_B", "SHOP", "ORIGIN_B", "ORIGIN_OLD_2"])).toEqual([
      "front",
      "origin-b",
      "shop",
      "origin-old-2",
      "db-1",
      "db-2",
      "db-3",
      "control",
      "server-b",
      "server-old-2",
    ]);
  });
});

describe("a whole server", () => {
  it("suffers as origin and as node, and nothing else does", () => {
    const faults = [fault("server-b", "down")];
    const suffering = targets.filter((target) => faultsOn(faults, target).length > 0);
    expect(suffering).toEqual(["origin-b", "db-2"]);
  });

  it("is its origin alone where no node belongs to it", () => {
    expect([membersOf("server-d"), membersOf("origin-a")]).toEqual([["origin-d"], ["origin-a"]]);
  });
});

describe("a partition", () => {
  it("cuts both ways, from the peers alone", () => {
    const faults = [fault("db-1", "partition", { peers: ["db-2"] })];
    expect([isCut(faults, "db-1", "db-2"), isCut(faults, "db-2", "db-1")]).toEqual([true, true]);
    expect([isCut(faults, "db-1", "db-3"), isCut(faults, "db-2", "db-3")]).toEqual([false, false]);
  });

  it("cuts one way when it says so, seen from the target", () => {
    const out = [fault("db-1", "partition", { peers: ["db-2"], direction: "out" })];
    expect([isCut(out, "db-1", "db-2"), isCut(out, "db-2", "db-1")]).toEqual([true, false]);
    const into = [fault("db-1", "partition", { peers: ["db-2"], direction: "in" })];
    expect([isCut(into, "db-1", "db-2"), isCut(into, "db-2", "db-1")]).toEqual([false, true]);
  });

  it("cuts the target off from everybody when it names no peers", () => {
    const faults = [fault("db-1", "partition")];
    for (const other of ["front", "origin-a", "db-2", "control"]) expect(isCut(faults, other, "db-1")).toBe(true);
    expect(isCut(faults, "origin-a", "db-2")).toBe(false);
  });

  it("runs between whole servers, never through one", () => {
    const faults = [fault("server-a", "partition", { peers: ["server-a", "server-b"] })];
    expect([isCut(faults, "origin-a", "db-2"), isCut(faults, "db-2", "db-1")]).toEqual([true, true]);
    expect([isCut(faults, "origin-a", "db-1"), isCut(faults, "db-1", "origin-a")]).toEqual([false, false]);
  });

  it("is the same seen from either side", () => {
    const single = targets.filter((target) => !target.startsWith("server-"));
    const target = fc.constantFrom(...single);
    fc.assert(
      fc.property(target, target, target, target, (one, other, from, to) => {
        const seenFromOne = [fault(one, "partition", { peers: [other] })];
        const seenFromOther = [fault(other, "partition", { peers: [one] })];
        expect(isCut(seenFromOne, from, to)).toBe(isCut(seenFromOther, from, to));
      }),
    );
  });
});

it("adds up the clock faults of a node and of its server", () => {
  const faults = [
    fault("db-1", "clock", { ms: 500 }),
    fault("server-a", "clock", { ms: -2000 }),
    fault("db-1", "slow", { ms: 7 }),
  ];
  expect([offsetMs(faults, "db-1"), offsetMs(faults, "origin-a"), offsetMs(faults, "db-2")]).toEqual([-1500, -2000, 0]);
});

function fault(target: string, kind: Fault["fault"], rest: Partial<Fault> = {}): Fault {
  return { target, fault: kind, ...rest };
}
