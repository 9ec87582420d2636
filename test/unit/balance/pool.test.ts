import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Ask, type Choice, type Member, Pool, type Waiter } from "../../../shared/balance/pool.ts";
import { type ServerView, unknownServer } from "../../../shared/balance/snapshot.ts";
import { defineSite, type SiteInput } from "../../../shared/config/site.ts";
import { present } from "../../../shared/kernel/assert.ts";
import { limits } from "../../../shared/kernel/limits.ts";

type PoolInput = SiteInput["pools"][string];

const abc = ["a", "b", "c"].map((name) => ({ name, binding: name.toUpperCase() }));

function pool(settings: Partial<PoolInput> = {}): Pool {
  const { pools } = defineSite({ pools: { web: { servers: abc, ...settings } } });
  return new Pool("web", present(pools["web"], "the pool"), () => 0.5);
}

const anyone: Ask = { bound: null, key: "", tried: [] };

const nameOf = (choice: Choice) => (typeof choice === "string" ? choice : choice.name);

const turns = (at: Pool, count: number, ask: Ask = anyone, nowMs = 0) =>
  Array.from({ length: count }, () => nameOf(at.choose(ask, nowMs))).join("");

const view = (part: Partial<ServerView>): ServerView => ({ ...unknownServer, ...part });

const server = (at: Pool, name: string): Member => present(at.member(name), "a server");

/** One request that fails everywhere it is sent, `times` times. */
function failing(at: Pool, times: number, bound: string | null = null): string {
  const tried: Member[] = [];
  while (tried.length < times) {
    const choice = at.choose({ bound, key: "", tried }, 0);
    if (typeof choice === "string") break;
    tried.push(choice);
  }
  return tried.map(nameOf).join("");
}

describe("a request that fails", () => {
  it("goes to no server twice while another could serve it", () => {
    const web = pool();
    expect(failing(web, 3)).toBe("abc");
    expect(turns(web, 1)).toBe("a");
  });

  it("comes back to one that had it when all have", () => {
    expect(failing(pool(), 6)).toMatch(/^abc[abc]{3}$/);
  });

  it("of a bound visitor goes to his server first, which costs nobody a turn, then to the others", () => {
    const web = pool();
    expect(failing(web, 3, "c")).toBe("cab");
    expect(turns(web, 1)).toBe("c");
    expect(failing(web, 3, "nobody")).toBe("abc");
  });
});

describe("who may serve", () => {
  it.each([
    ["drain", view({ admin: "drain" }), "acac", "b"],
    ["drain, not over", view({ admin: "drain", drainUntilMs: 1 }), "acac", "b"],
    ["drain, over", view({ admin: "drain", drainUntilMs: 0 }), "acac", "a"],
    ["maint", view({ admin: "maint" }), "acac", "a"],
    ["down", view({ health: "down" }), "acac", "a"],
    ["stopping", view({ health: "stopping" }), "acac", "b"],
    ["weight 0", view({ weight: 0 }), "acac", "b"],
    ["too slow", view({ ejectedUntilMs: 1 }), "acac", "b"],
    ["no longer too slow", view({ ejectedUntilMs: 0 }), "abca", "b"],
    ["weight 2", view({ weight: 2 }), "babc", "b"],
  ])("%s: new visitors, and one who is bound", (_what, of, expected, bound) => {
    const web = pool();
    web.adopt({ b: of }, 0);
    expect(turns(web, 4)).toBe(expected);
    expect(nameOf(web.choose({ ...anyone, bound: "b" }, 0))).toBe(bound);
  });

  it("changes with time alone: a drain ends, a rest ends", () => {
    const web = pool();
    web.adopt({ a: view({ ejectedUntilMs: 100 }), b: view({ admin: "drain", drainUntilMs: 200 }) }, 0);
    const bound = { ...anyone, bound: "b" };
    expect([turns(web, 2, anyone, 99), turns(web, 1, bound, 99)]).toEqual(["cc", "b"]);
    expect(turns(web, 2, anyone, 100)).toMatch(/ac|ca/);
    expect(turns(web, 1, bound, 200)).not.toBe("b");
  });

  it("is taken back by a newer snapshot", () => {
    const web = pool();
    web.adopt({ a: view({ admin: "maint" }), b: view({ admin: "maint" }), c: view({ admin: "maint" }) }, 0);
    expect(turns(web, 1)).toBe("none");
    web.adopt({ a: unknownServer, b: unknownServer, c: unknownServer }, 0);
    expect(turns(web, 3).split("").toSorted().join("")).toBe("abc");
  });

  it("stays what it was where control knows the server no longer, as it was deployed before the front", () => {
    const web = pool();
    web.adopt({ b: view({ admin: "drain" }) }, 0);
    web.adopt({ a: unknownServer, c: unknownServer }, 0);
    expect(turns(web, 4)).toBe("acac");
  });

  it("is a backup when no other server can, the first one of them, and a visitor who is bound to it always", () => {
    const servers = [...abc, { name: "x", binding: "X", backup: true }, { name: "y", binding: "Y", backup: true }];
    const web = pool({ servers, panicPercent: 0 });
    expect(turns(web, 4)).toBe("abca");
    expect(turns(web, 1, { ...anyone, bound: "y" })).toBe("y");
    const down = view({ health: "down" });
    web.adopt({ a: down, b: down, c: down }, 0);
    expect(turns(web, 3)).toBe("xxx");
    web.adopt({ a: down, b: down, c: down, x: down }, 0);
    expect(turns(web, 3)).toBe("yyy");
    web.adopt({ a: down, b: down, c: down, x: down, y: down }, 0);
    expect(turns(web, 1)).toBe("none");
  });
});

describe("panic", () => {
  const down = view({ health: "down" });

  it("ignores health below the threshold, and not at it", () => {
    const web = pool({ servers: [...abc, { name: "d", binding: "D" }] });
    web.adopt({ a: down, b: down }, 0);
    expect([web.isPanic, turns(web, 4)]).toEqual([false, "cdcd"]);
    web.adopt({ a: down, b: down, c: down }, 0);
    expect([web.isPanic, turns(web, 4).split("").toSorted().join("")]).toEqual([true, "abcd"]);
  });

  it("brings nobody back whom an operator took out, and does not count him", () => {
    const web = pool();
    web.adopt({ a: view({ admin: "maint" }), b: view({ admin: "drain" }), c: unknownServer }, 0);
    expect([web.isPanic, turns(web, 2)]).toEqual([false, "cc"]);
    web.adopt({ a: view({ admin: "maint" }), b: view({ admin: "drain" }), c: down }, 0);
    expect([web.isPanic, turns(web, 2)]).toEqual([true, "cc"]);
  });

  it("is off at 0, and where a backup can serve", () => {
    const off = pool({ panicPercent: 0 });
    off.adopt({ a: down, b: down, c: down }, 0);
    expect(turns(off, 1)).toBe("none");
    const saved = pool({ servers: [...abc, { name: "x", binding: "X", backup: true }] });
    saved.adopt({ a: down, b: down }, 0);
    expect([saved.isPanic, turns(saved, 2)]).toEqual([false, "cc"]);
  });
});

describe("a slow start", () => {
  it("grows the weight and maxconn of a server that came back, in sixteenths", () => {
    const web = pool({ servers: abc.map((each) => ({ ...each, maxconn: 32 })), slowStartMs: 16_000 });
    web.adopt({ b: view({ upSinceMs: 0 }) }, 0);
    const at = (nowMs: number) => {
      web.choose(anyone, nowMs);
      return [server(web, "b").effectiveWeight, server(web, "b").maxconn];
    };
    expect(at(0)).toEqual([1, 2]);
    expect(at(999)).toEqual([1, 2]);
    expect(at(1000)).toEqual([2, 4]);
    expect(at(8000)).toEqual([9, 18]);
    expect(at(15_999)).toEqual([16, 32]);
    expect(at(16_000)).toEqual([16, 32]);
    expect(server(web, "a").effectiveWeight).toBe(16);
  });
});

describe("maxconn", () => {
  const one = () => pool({ servers: abc.map((each) => ({ ...each, maxconn: 1 })), queue: { size: 2 } });

  const take = (at: Pool, ask: Ask = anyone) => {
    const choice = at.choose(ask, 0);
    if (typeof choice !== "string") at.take(choice);
    return nameOf(choice);
  };

  const wait = (at: Pool, ask: Ask = anyone) => {
    const served: string[] = [];
    const waiter: Waiter = { ask, serve: ({ name }) => served.push(name) };
    return { served, waiter, isIn: at.wait(waiter) };
  };

  it("is kept: the next request waits, and gets the first place that is free", () => {
    const web = one();
    expect([take(web), take(web), take(web), take(web)]).toEqual(["a", "b", "c", "full"]);
    const first = wait(web);
    const second = wait(web);
    web.release(server(web, "b"), 0);
    expect([first.served, second.served, web.waiting]).toEqual([["b"], [], 1]);
    expect(take(web)).toBe("full");
    web.release(server(web, "b"), 0);
    expect([second.served, web.waiting]).toEqual([["b"], 0]);
    expect(web.members.map(({ load }) => load)).toEqual([1, 1, 1]);
  });

  it("bounds the queue", () => {
    const web = one();
    for (let each = 0; each < 3; each++) take(web);
    expect([wait(web).isIn, wait(web).isIn, wait(web).isIn]).toEqual([true, true, false]);
  });

  it("lets a bound visitor wait for his server, whoever else is free", () => {
    const web = one();
    const bound = { ...anyone, bound: "b" };
    expect([take(web, bound), take(web, bound)]).toEqual(["b", "full"]);
    const waiting = wait(web, bound);
    expect(take(web)).toBe("a");
    web.release(server(web, "a"), 0);
    expect(waiting.served).toEqual([]);
    web.release(server(web, "b"), 0);
    expect(waiting.served).toEqual(["b"]);
  });

  it("gives nobody a place who has left", () => {
    const web = one();
    for (let each = 0; each < 3; each++) take(web);
    const { waiter, served } = wait(web);
    web.leave(waiter);
    web.release(server(web, "a"), 0);
    expect([served, server(web, "a").load]).toEqual([[], 0]);
  });

  it("lets those who wait go on when an operator brings a server back", () => {
    const web = one();
    web.adopt({ c: view({ admin: "maint" }) }, 0);
    take(web);
    take(web);
    const { served } = wait(web);
    web.adopt({ c: unknownServer }, 0);
    expect(served).toEqual(["c"]);
  });

  it("serves each that waits once, also when places have become free by time alone", () => {
    const up = { ...unknownServer, upSinceMs: 0 };
    const web = pool({ servers: abc.map((each) => ({ ...each, maxconn: 4 })), slowStartMs: 16_000 });
    web.adopt({ a: up, b: up, c: up }, 0);
    expect([take(web), take(web), take(web), take(web)]).toEqual(["a", "b", "c", "full"]);
    const waiting = [wait(web), wait(web)];
    web.release(server(web, "a"), 12_000);
    expect(waiting.map(({ served }) => served.length)).toEqual([1, 1]);
    expect(web.members.reduce((sum, { load }) => sum + load, 0)).toBe(4);
  });

  it("holds for any order of comings and goings, and nobody waits while a place is free", () => {
    const step = fc.oneof(fc.constant("come"), fc.constantFrom("a", "b", "c"));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const web = pool({ servers: abc.map((each, index) => ({ ...each, maxconn: index + 1 })) });
        for (const each of steps) {
          if (each === "come") {
            if (take(web) === "full") wait(web);
          } else if (server(web, each).load > 0) web.release(server(web, each), 0);
          for (const { load, maxconn } of web.members) expect(load).toBeLessThanOrEqual(maxconn);
          if (web.waiting > 0) expect(web.members.every(({ isFull }) => isFull)).toBe(true);
        }
      }),
    );
  });
});

describe("the retry budget", () => {
  it("is a share of the requests under way, and some at any time", () => {
    const web = pool({ retries: { budgetPercent: 20, budgetLeast: 3 } });
    const most = (active: number) => {
      web.active = active;
      for (web.retrying = 0; web.mayRetry; web.retrying++);
      return web.retrying;
    };
    expect([most(0), most(15), most(16), most(100)]).toEqual([3, 3, 4, 20]);
  });
});

describe("observation", () => {
  const observe = (at: Pool, name: string, good: readonly boolean[], nowMs = 0) => {
    for (const isGood of good) at.observe(server(at, name), isGood, 7, nowMs);
  };

  it("reports a server that answers badly so many times in a row", () => {
    const web = pool({ observe: { errorLimit: 3, onError: "fastinter" } });
    observe(web, "a", [false, false, true, false, false]);
    expect(web.report()).toEqual({ a: { observed: null, answers: 5, answerMs: 35 } });
    observe(web, "a", [false]);
    expect(web.report()).toEqual({ a: { observed: "fastinter", answers: 1, answerMs: 7 } });
    expect(web.report()).toEqual({});
    expect(turns(web, 3)).toBe("abc");
  });

  it("marks it down here until control has had its say", () => {
    const web = pool({ observe: { errorLimit: 3, onError: "mark-down" } });
    observe(web, "a", [false, false, false], 1000);
    expect(turns(web, 4, anyone, 1000)).toBe("bcbc");
    expect(turns(web, 4, anyone, 999 + limits.snapshotMaxAgeMs)).toBe("bcbc");
    expect(turns(web, 3, anyone, 1000 + limits.snapshotMaxAgeMs)).toContain("a");
  });

  it("is off where the configuration says so", () => {
    const web = pool({ observe: null });
    observe(web, "a", Array<boolean>(50).fill(false));
    expect(web.report()["a"]?.observed).toBeNull();
  });
});

it("tells what it would choose, and takes no note of it", () => {
  const web = pool();
  expect([nameOf(web.peek(anyone, 0)), nameOf(web.peek(anyone, 0)), turns(web, 3)]).toEqual(["a", "a", "abc"]);
});

describe("the first turns of many isolates", () => {
  it.each(["roundrobin", "leastconn"] as const)("fall on all servers by their shares: %s", (algorithm) => {
    const first = (turn: number) => {
      const web = pool({ algorithm, servers: abc.map((each, index) => ({ ...each, weight: index === 0 ? 2 : 1 })) });
      web.adopt({}, 0);
      web.begin(turn, 0);
      return turns(web, 1);
    };
    const names = Array.from({ length: 12 }, (_, turn) => first(turn)).join("");
    expect(["a", "b", "c"].map((name) => names.split(name).length - 1)).toEqual([6, 3, 3]);
  });
});
