import { describe, expect, it } from "vitest";
import { compareNodes, type NodeAnswer, type Status, verdict } from "../../../shared/admin/status.ts";

const answer = (node: string, role: "primary" | "replica", lsn: number): NodeAnswer => ({
  ok: true,
  report: { node, role, epoch: 1, lsn, bookmark: `b${lsn}`, schemaVersion: 2 },
});

const silent = (node: string, role: "primary" | "replica"): NodeAnswer => ({
  ok: false,
  node,
  role,
  error: "no answer within 2000 ms",
});

const lags = (answers: NodeAnswer[]) => compareNodes(answers).map((node) => (node.reachable ? node.lag : node.error));

describe("the nodes side by side", () => {
  it("are behind by the transactions that they lack", () => {
    expect(lags([answer("db-1", "primary", 10), answer("db-2", "replica", 7), answer("db-3", "replica", 10)])).toEqual([
      0, 3, 0,
    ]);
  });

  it("are not behind when they were asked a moment after the primary", () => {
    expect(lags([answer("db-1", "primary", 10), answer("db-2", "replica", 11)])).toEqual([0, 0]);
  });

  it("are behind by nobody knows how much while the primary is silent", () => {
    expect(lags([silent("db-1", "primary"), answer("db-2", "replica", 7)])).toEqual(["no answer within 2000 ms", null]);
  });
});

describe("the verdict", () => {
  const server = (name: string, ok: boolean) => ({
    name,
    pool: "web",
    ok,
    state: ok ? "UP" : "DOWN",
    status: ok ? 200 : null,
    durationMs: 1,
    error: null,
  });
  const nodes = compareNodes([answer("db-1", "primary", 10), answer("db-2", "replica", 10)]);
  const good: Status = { servers: [server("a", true)], nodes };

  it("is good when everything answers and nothing is behind", () => {
    expect(verdict(good)).toEqual({ ok: true, text: "All servers are up and all replicas are up to date." });
  });

  it.each([
    ["diverged" as const, "Node db-2 differs from the primary and answers no reads. One bit."],
    [
      "stuck" as const,
      "Node db-2 cannot follow the primary and answers no reads. One bit. Rebuild it if that does not pass by itself.",
    ],
    ["wanted" as const, "Node db-2 is being filled anew."],
    ["filling" as const, "Node db-2 is being filled anew."],
    ["verifying" as const, "Node db-2 is being filled anew."],
  ])("is bad while a replica serves nobody: %s", (standing, text) => {
    const lame = nodes.map((node) => (node.node === "db-2" ? { ...node, standing, difference: "One bit." } : node));
    expect(verdict({ ...good, nodes: lame })).toEqual({ ok: false, text });
  });

  it("stays good while a replica is behind, and says by how much", () => {
    const behind = compareNodes([
      answer("db-1", "primary", 10),
      answer("db-2", "replica", 9),
      answer("db-3", "replica", 2),
    ]);
    expect(verdict({ ...good, nodes: behind })).toEqual({
      ok: true,
      text: "Node db-2 is 1 transaction behind. Node db-3 is 8 transactions behind.",
    });
  });

  it("is bad when something does not answer, and names it all", () => {
    const lost = compareNodes([silent("db-1", "primary"), answer("db-2", "replica", 9)]);
    expect(verdict({ servers: [server("a", false), server("b", true)], nodes: lost })).toEqual({
      ok: false,
      text: "Server a is down. Node db-1 is not reachable.",
    });
  });
});
