import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import type { Explanation } from "../../shared/admin/explain.ts";
import type { Seen } from "../support/mock-origin/seen.ts";
import { mockOrigins } from "../support/mock-origin/workers.ts";
import { startSite, type TestSite } from "../support/site.ts";
import { head, onWire } from "../support/wire.ts";

let site: TestSite;

beforeAll(async () => {
  site = await startSite({ replace: mockOrigins, bundles: inject("balanceBundles") });
});

afterEach(() => site.clearFaults());
afterAll(() => site.close());

type Init = Parameters<TestSite["fetch"]>[1];

const ask = async (path: string, init?: Init) => {
  const response = await site.fetch(path, init);
  const { status, headers } = response;
  return { status, servedBy: headers.get("X-Served-By") ?? "-", text: await response.text() };
};

const order = async (path: string, count: number, init?: Init) => {
  let names = "";
  for (let turn = 0; turn < count; turn++) names += (await ask(path, init)).servedBy;
  return names;
};

const explain = async (query: Record<string, string>): Promise<Explanation> => {
  const response = await site.admin(`/_trefoil/api/explain?${new URLSearchParams(query).toString()}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Explanation;
};

const loads = async (url: string) => (await explain({ url })).servers.map(({ load }) => load);

const everywhere = (behaviour: string) => ["a", "b", "c"].map((name) => `${name}=${behaviour}`).join("&");

describe("the algorithms", () => {
  it("roundrobin is smooth, in HAProxy's order", async () => {
    expect(await order("/weighted", 14)).toBe("aaabaacaaabaac");
  });

  it("leastconn takes the one with the fewest requests, and turns among equals", async () => {
    expect(await order("/least", 6)).toBe("abcabc");
    const slow = ask(`/least?${everywhere("slow")}&ms=1500`);
    await expect.poll(() => loads("/least"), { timeout: 5000 }).toContain(1);
    const others = await order("/least", 6);
    const busy = (await slow).servedBy;
    expect(others).not.toContain(busy);
  });

  it("hash gives a key to one server, and keys to all", async () => {
    const served = async (key: string) => order("/hashed", 3, { headers: { "X-Key": key } });
    const all = new Set<string>();
    for (let key = 0; key < 20; key++) {
      const names = await served(`key-${key}`);
      expect(names).toMatch(/^(a{3}|b{3}|c{3})$/);
      all.add(names);
    }
    expect(all.size).toBe(3);
  });

  it("first fills one server before the next", async () => {
    expect(await order("/first", 3)).toBe("aaa");
    const slow = ask(`/first?${everywhere("slow")}&ms=1500`);
    await expect.poll(() => loads("/first"), { timeout: 5000 }).toEqual([1, 0, 0]);
    expect(await order("/first", 3)).toBe("bbb");
    await slow;
  });
});

describe("maxconn", () => {
  const slow = (ms: number) => `/narrow?${everywhere("slow")}&ms=${ms}`;

  it("lets the next requests wait, each for the first place that is free", async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(slow(300))));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await loads("/narrow")).toEqual([0, 0, 0]);
  });

  it("refuses what finds the queue full, and what waited for too long, by a 503 with Retry-After", async () => {
    const holders = Array.from({ length: 3 }, () => ask(slow(1500)));
    await expect.poll(() => loads("/narrow"), { timeout: 5000 }).toEqual([1, 1, 1]);
    const waiting = [ask("/narrow"), ask("/narrow")];
    await expect.poll(async () => (await explain({ url: "/narrow" })).waiting, { timeout: 5000 }).toBe(2);
    const refused = await site.fetch("/narrow", { headers: { Accept: "application/json" } });
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "5"]);
    expect(await refused.json()).toMatchObject({ error: { code: "overloaded" } });
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([503, 503]);
    expect((await Promise.all(holders)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await loads("/narrow")).toEqual([0, 0, 0]);
  });

  it("has its places back when clients leave before the answer", async () => {
    const request = head(`GET ${slow(800)}`, []);
    await Promise.all(Array.from({ length: 3 }, () => onWire(site.url, [request], 200)));
    await expect.poll(() => loads("/narrow"), { timeout: 10_000 }).toEqual([0, 0, 0]);
  });

  it("has them back when they leave while the body comes, or while they wait", async () => {
    const endless = head(`GET /narrow?${everywhere("large")}&bytes=2000000000`, []);
    await Promise.all(Array.from({ length: 5 }, () => onWire(site.url, [endless], 300)));
    await expect.poll(() => loads("/narrow"), { timeout: 10_000 }).toEqual([0, 0, 0]);
    expect((await explain({ url: "/narrow" })).waiting).toBe(0);
    expect((await ask("/narrow")).status).toBe(200);
  });
});

describe("retries", () => {
  it("give a server tryMs, and then the request to another", async () => {
    const names: string[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const { status, servedBy } = await ask("/hasty?a=hang");
      expect(status).toBe(200);
      names.push(servedBy);
    }
    expect(names).not.toContain("a");
  });

  it("leave a server all the time for what comes after its header, and a client for the body that he sends", async () => {
    expect(await ask(`/hasty?${everywhere("drip")}`)).toMatchObject({ status: 200, text: "0 1 2 3 4 5 6 7 " });
    const sent = async function* () {
      for (const part of ["one, ", "two, ", "three"]) {
        yield new TextEncoder().encode(part);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    };
    const init = { method: "POST", body: ReadableStream.from(sent()), duplex: "half" } as Init;
    const { status, text } = await ask("/hasty", init);
    expect([status, (JSON.parse(text) as Seen).body]).toEqual([200, "one, two, three"]);
  });

  it("count against the budget until a server has answered, however long that answer takes", async () => {
    const open = new AbortController();
    for (let turn = 0; turn < 3; turn++) {
      const response = await site.fetch("/sparing?a=throw&b=silent-events&c=silent-events", { signal: open.signal });
      expect(response.status).toBe(200);
    }
    expect(await order("/sparing?a=throw", 3)).toMatch(/^[bc]{3}$/);
    open.abort();
  });

  it("are as many as the pool allows", async () => {
    const statuses: number[] = [];
    for (let turn = 0; turn < 3; turn++) statuses.push((await ask("/once?a=throw")).status);
    expect(statuses.toSorted((one, other) => one - other)).toEqual([200, 200, 503]);
  });

  it("are within the budget: a site that breaks down is not broken by them", async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `budget-${index}`);
    await Promise.all(
      ids.map((id) => ask(`/hasty?${everywhere("slow")}&ms=2000`, { headers: { "X-Request-Id": id } })),
    );
    let tries = 0;
    for (const id of ids)
      for (const server of ["a", "b", "c"]) {
        const response = await site.worker(`origin-${server}`).fetch(`http://origin.test/mock/seen?id=${id}`);
        tries += ((await response.json()) as Seen[]).length;
      }
    expect(tries).toBeGreaterThan(40);
    expect(tries).toBeLessThanOrEqual(40 + 2 * 8);
  });

  it("send a POST again only with an Idempotency-Key, on a route that knows it", async () => {
    const post = async (path: string, headers: Record<string, string>) => {
      const statuses: number[] = [];
      for (let turn = 0; turn < 3; turn++)
        statuses.push((await ask(`${path}?a=throw`, { method: "POST", body: "x", headers })).status);
      return statuses.toSorted((one, other) => one - other);
    };
    expect(await post("/keyed", { "Idempotency-Key": '"one"' })).toEqual([200, 200, 200]);
    expect(await post("/keyed", {})).toEqual([200, 200, 502]);
    expect(await post("/web", { "Idempotency-Key": '"one"' })).toEqual([200, 200, 502]);
  });
});

it("a route that takes the cookies from its answers leaves the visitor the one of his server", async () => {
  const { headers } = await site.fetch("/sticky-edited");
  const cookie = `TREFOIL_SRV=${headers.get("X-Served-By")}; Path=/; HttpOnly; SameSite=Lax`;
  expect([headers.getSetCookie(), headers.get("X-Set")]).toEqual([[cookie], "1"]);
});

describe("a body that is longer than the route takes", () => {
  const sent = (fields: readonly string[], body: string) =>
    onWire(site.url, [head("POST /small", ["Connection: close", "X-Request-Id: small", ...fields]) + body], 10_000);

  const seen = async () => {
    const asked = ["a", "b", "c"].map((name) =>
      site.worker(`origin-${name}`).fetch("http://origin.test/mock/seen?id=small"),
    );
    const lists = await Promise.all((await Promise.all(asked)).map((response) => response.json() as Promise<Seen[]>));
    return lists.flat().length;
  };

  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

  it.each([
    ["stated", ["Content-Length: 101"], "x".repeat(101)],
    ["stated, and large", ["Content-Length: 1000000"], "x".repeat(1_000_000)],
    ["in chunks", ["Transfer-Encoding: chunked"], `${chunk("x".repeat(60)).repeat(2)}0\r\n\r\n`],
    ["in chunks, and large", ["Transfer-Encoding: chunked"], `${chunk("x".repeat(50_000)).repeat(40)}0\r\n\r\n`],
  ])("is a 413, and no server has all of it: %s", async (_how, fields, body) => {
    expect((await sent(fields, body)).text).toMatch(/^HTTP\/1\.1 413 /);
    expect(await seen()).toBe(0);
  });

  it("is one of 100 bytes not", async () => {
    const whole = `${chunk("x".repeat(60))}${chunk("x".repeat(40))}0\r\n\r\n`;
    expect((await sent(["Content-Length: 100"], "x".repeat(100))).text).toMatch(/^HTTP\/1\.1 200 /);
    expect((await sent(["Transfer-Encoding: chunked"], whole)).text).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe("a rate limit", () => {
  it("refuses what is above a client's rate by a 429 that says when to come back, and tells the others what is left", async () => {
    const answers: [number, string | null][] = [];
    for (let turn = 0; turn < 4; turn++) {
      const { status, headers } = await site.fetch("/rated");
      answers.push([status, headers.get("RateLimit")]);
    }
    expect(answers.map(([status]) => status)).toEqual([200, 200, 200, 429]);
    expect(answers.map(([, field]) => /r=(\d+)/.exec(field ?? "")?.[1])).toEqual(["2", "1", "0", "0"]);
    const refused = await site.fetch("/rated", { headers: { Accept: "application/json" } });
    expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ error: { code: "rate-limited" } });
  });

  it("is that of one client, by what tells him from others", async () => {
    const status = async (user: string) => (await ask("/rated-by-user", { headers: { "X-User": user } })).status;
    expect([await status("one"), await status("one"), await status("other")]).toEqual([200, 429, 200]);
  });

  it("of those who show nothing is used up by nobody who says that he is one of them", async () => {
    for (const user of ["source null", "source 127.0.0.1"])
      expect((await ask("/rated-by-user", { headers: { "X-User": user } })).status).toBe(200);
    expect((await ask("/rated-by-user")).status).toBe(200);
  });
});

describe("routes", () => {
  it("lead a client elsewhere", async () => {
    const response = await site.fetch("/old/x?y=1", { redirect: "manual" });
    expect([response.status, response.headers.get("Location")]).toEqual([308, "/new/old/x?y=1"]);
  });

  it("go by host, method and fields", async () => {
    const pool = async (query: Record<string, string>) => (await explain(query)).pool;
    expect(await pool({ url: "http://v1.api.test/x" })).toBe("once");
    expect(await pool({ url: "http://api.test/x" })).toBe("web");
    expect(await pool({ url: "/x", fields: "X-Beta: yes" })).toBe("weighted");
    expect(await pool({ url: "/x", fields: "X-Beta: yes", method: "POST" })).toBe("web");
    expect(await pool({ url: "/old/x" })).toBeNull();
  });

  it("change fields on both ways", async () => {
    const fields = JSON.stringify({ fields: [["X-From-Server", "1"]], body: "x" });
    const echoed = JSON.parse((await ask("/edited", { headers: { "X-Removed": "1", "X-Set": "0" } })).text) as Seen;
    const sent = new Map(echoed.headers);
    expect([sent.get("x-set"), sent.get("x-removed")]).toEqual(["by the route", undefined]);
    const { headers } = await site.fetch(`/edited?${everywhere("answer")}&with=${encodeURIComponent(fields)}`);
    expect([headers.get("Strict-Transport-Security"), headers.get("X-From-Server")]).toEqual(["max-age=1", null]);
  });
});

describe("explain", () => {
  it("says which route, pool and server a request would get, and why, and costs nobody a turn", async () => {
    const [first = ""] = await order("/weighted", 1);
    const told = await explain({ url: "/weighted/x" });
    expect(told).toMatchObject({ route: { path: "/weighted" }, pool: "weighted", because: "Its turn has come." });
    await explain({ url: "/weighted/x" });
    expect((await ask("/weighted")).servedBy).toBe(told.server);
    expect(first).not.toBe("");
  });

  it("knows a bound visitor, a key, and who may not serve", async () => {
    expect(await explain({ url: "/sticky", cookie: "TREFOIL_SRV=b" })).toMatchObject({
      server: "b",
      cookie: "names a server that may serve",
      because: "The visitor is bound to it by his cookie.",
    });
    const { server, key } = await explain({ url: "/hashed", fields: "X-Key: key-1" });
    expect([key, await order("/hashed", 1, { headers: { "X-Key": "key-1" } })]).toEqual(["key-1", server]);
  });

  it.each(["", "?url=nowhere", "?url=/&method=get", "?url=/&fields=x"])("says what it needs: %s", async (query) => {
    expect((await site.admin(`/_trefoil/api/explain${query}`)).status).toBe(400);
  });

  it("is for the admin alone", async () => {
    expect((await site.fetch("/_trefoil/api/explain?url=/")).status).toBe(401);
  });
});
