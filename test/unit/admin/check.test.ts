import { expect, test } from "vitest";

import { verdictsOf } from "../../../shared/admin/check.ts";
import type { NodeStatus, ReachableNode } from "../../../shared/admin/status.ts";

const node = (name: string, more: Partial<ReachableNode>): NodeStatus => ({
  reachable: true,
  node: name,
  role: "replica",
  epoch: 1,
  lsn: 5,
  lag: 0,
  bookmark: "",
  schemaVersion: 1,
  standing: "following",
  ...more,
});

test("a replica is equal once it has replayed the round's last record, and not before", () => {
  const nodes = [node("p", { role: "primary" }), node("a", { lsn: 5 }), node("b", { lsn: 4 })];
  expect(verdictsOf(nodes, 5)).toEqual([
    { node: "a", verdict: "equal" },
    { node: "b", verdict: "pending" },
  ]);
});

test("without a round nobody is equal, and nor is a replica that is being filled anew", () => {
  expect(verdictsOf([node("a", {})], null)).toEqual([{ node: "a", verdict: "pending" }]);
  for (const standing of ["wanted", "filling", "verifying"] as const)
    expect(verdictsOf([node("a", { standing, lsn: 99 })], 5)).toEqual([{ node: "a", verdict: "pending" }]);
});

test("one that differs or is stuck says how, whatever its position; one that does not answer is not judged", () => {
  const gone: NodeStatus = { reachable: false, node: "b", role: "replica", error: "down" };
  for (const standing of ["diverged", "stuck"] as const)
    expect(verdictsOf([node("a", { standing, difference: "a bit" }), gone], 5)).toEqual([
      { node: "a", verdict: standing, difference: "a bit" },
      { node: "b", verdict: "unreachable" },
    ]);
});
