import { expect, it } from "vitest";
import type { Backend } from "../../../shared/balance/algorithm.ts";
import { openPool, type Pool, pick } from "../../../shared/balance/pool.ts";
import type { Outcome } from "../../../shared/balance/redispatch.ts";

function pool(): Pool {
  const servers = ["a", "b", "c"].map((name) => ({ name, binding: name.toUpperCase() }));
  return openPool("web", { servers, algorithm: "roundrobin", stickiness: "none" });
}

/** One request that fails everywhere it is sent. */
function failEverywhere(at: Pool): string {
  const tried = new Map<Backend, Outcome>();
  const names: string[] = [];
  for (let backend = pick(at, tried); backend !== undefined; backend = pick(at, tried)) {
    tried.set(backend, { kind: "rejected" });
    names.push(backend.name);
  }
  return names.join("");
}

it("has the servers of the configuration, with their bindings", () => {
  expect(pool().backends.map(({ name, binding, position }) => [name, binding, position])).toEqual([
    ["a", "A", 0],
    ["b", "B", 1],
    ["c", "C", 2],
  ]);
});

it("gives each request to no server twice, and ends when all were tried", () => {
  const web = pool();
  expect(failEverywhere(web)).toBe("abc");
  expect(pick(web, new Map())?.name).toBe("a");
  expect(failEverywhere(web)).toBe("bca");
});

it("gives a bound visitor to his server first, which costs nobody a turn, then to the others", () => {
  const web = pool();
  const tried = new Map<Backend, Outcome>();
  const names: string[] = [];
  for (let backend = pick(web, tried, "c"); backend !== undefined; backend = pick(web, tried, "c")) {
    tried.set(backend, { kind: "rejected" });
    names.push(backend.name);
  }
  expect(names.join("")).toBe("cab");
  expect(pick(web, new Map(), "nobody")?.name).toBe("c");
});
