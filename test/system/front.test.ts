import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { limits } from "../../shared/kernel/limits.ts";
import type { Seen } from "../support/mock-origin/seen.ts";
import { mockOrigins } from "../support/mock-origin/workers.ts";
import { startSite, type TestSite } from "../support/site.ts";

let site: TestSite;

beforeAll(async () => {
  site = await startSite({ replace: mockOrigins });
});

afterAll(() => site.close());

/** Makes it a's turn. */
beforeEach(async () => {
  for (let server = ""; server !== "c";) server = (await echo("/")).server;
});

type Init = Parameters<TestSite["fetch"]>[1];

async function echo(path: string, init?: Init): Promise<Seen> {
  const response = await site.fetch(path, init);
  const body: unknown = await response.json();
  return body as Seen;
}

/** What each origin received under a request id: the number of runs, in the order a, b, c. */
async function runs(id: string): Promise<readonly number[]> {
  return Promise.all(["a", "b", "c"].map(async (server) => (await seenBy(server, id)).length));
}

async function seenBy(server: string, id: string): Promise<readonly Seen[]> {
  const response = await site.worker(`origin-${server}`).fetch(`http://origin.test/mock/seen?id=${id}`);
  return (await response.json()) as Seen[];
}

const withId = (id: string, init: Init = {}): Init => ({ ...init, headers: { ...init.headers, "X-Request-Id": id } });

describe("round robin", () => {
  it("gives the servers their turns in the order of the configuration", async () => {
    const order = [];
    for (let turn = 0; turn < 7; turn++) order.push((await echo("/")).server);
    expect(order.join("")).toBe("abcabca");
  });

  it("is not disturbed by livez and readyz", async () => {
    const order = [];
    for (let turn = 0; turn < 6; turn++) {
      order.push((await echo("/")).server);
      expect((await site.fetch("/_trefoil/livez")).status).toBe(200);
      expect((await site.fetch("/_trefoil/readyz")).status).toBe(200);
    }
    expect(order.join("")).toBe("abcabc");
  });
});

describe("a server that fails before the first byte", () => {
  for (const failure of ["throw", "502", "503", "504"]) {
    it(`hands a GET over to the next one when it says ${failure}`, async () => {
      const id = `get-${failure}`;
      expect((await echo(`/?a=${failure}`, withId(id))).server).toBe("b");
      expect(await runs(id)).toEqual([1, 1, 0]);
    });

    it(`has no POST repeated when it says ${failure}`, async () => {
      const id = `post-${failure}`;
      const response = await site.fetch(`/?a=${failure}`, withId(id, { method: "POST", body: "once" }));
      expect(response.status).toBe(failure === "throw" ? 502 : Number(failure));
      expect(await runs(id)).toEqual([1, 0, 0]);
    });
  }

  it("has no PATCH repeated, with or without a body", async () => {
    expect((await site.fetch("/?a=throw", withId("patch", { method: "PATCH" }))).status).toBe(502);
    expect(await runs("patch")).toEqual([1, 0, 0]);
  });

  it("keeps its 500: the next server runs the same program", async () => {
    const response = await site.fetch("/?a=500", withId("500"));
    expect([response.status, await response.text()]).toEqual([500, "origin a says 500"]);
    expect(await runs("500")).toEqual([1, 0, 0]);
  });

  it("passes on its own answer to a POST", async () => {
    const response = await site.fetch("/?a=503", { method: "POST", body: "x" });
    expect([response.status, await response.text()]).toEqual([503, "origin a says 503"]);
  });

  it("hands a PUT over with the same body, up to the cap", async () => {
    const body = "x".repeat(limits.replayBodyBytes);
    const seen = await echo("/?a=throw&b=503", withId("put", { method: "PUT", body }));
    expect([seen.server, seen.body === body]).toEqual(["c", true]);
    expect(await runs("put")).toEqual([1, 1, 1]);
  });

  it("has no PUT repeated whose body is over the cap", async () => {
    const body = "x".repeat(limits.replayBodyBytes + 1);
    expect((await site.fetch("/?a=throw", withId("large", { method: "PUT", body }))).status).toBe(502);
    expect(await runs("large")).toEqual([1, 0, 0]);
  });
});

describe("all servers gone", () => {
  const gone = "/?a=throw&b=throw&c=throw";

  it("is a 503 that says when to come back, after one try of each", async () => {
    const response = await site.fetch(gone, withId("gone", { headers: { Accept: "text/html" } }));
    expect([response.status, Number(response.headers.get("Retry-After")) > 0]).toEqual([503, true]);
    expect(response.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
    expect(await response.text()).toContain("<h1>The site is out of order</h1>");
    expect(await runs("gone")).toEqual([1, 1, 1]);
  });

  it("is JSON for who asks for JSON, and the header alone for HEAD", async () => {
    const response = await site.fetch(gone, { headers: { Accept: "application/json" } });
    expect(await response.json()).toMatchObject({ error: { code: "no-server" } });
    const head = await site.fetch(gone, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([503, ""]);
  });
});

describe("a failure that a server states itself (502, 503, 504)", () => {
  it("goes to the client when no other server does better: the last one's", async () => {
    const response = await site.fetch("/?a=503&b=504&c=throw", withId("stated"));
    expect([response.status, await response.text()]).toEqual([504, "origin b says 504"]);
    expect(response.headers.has("Proxy-Status")).toBe(false);
    expect(await runs("stated")).toEqual([1, 1, 1]);
  });

  it("goes to the client at once, for a POST", async () => {
    const response = await site.fetch("/?a=503", withId("stated-post", { method: "POST", body: "x" }));
    expect([response.status, await response.text()]).toEqual([503, "origin a says 503"]);
    expect(await runs("stated-post")).toEqual([1, 0, 0]);
  });
});

describe("a body", () => {
  it("that breaks half-way breaks for the client, and is not sent again", async () => {
    const response = await site.fetch("/?a=break", withId("break"));
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow("terminated");
    expect(await runs("break")).toEqual([1, 0, 0]);
  });

  it("is streamed to the origin whole, with its length", async () => {
    const body = "0123456789".repeat(100_000);
    const seen = await echo("/", { method: "POST", body });
    expect([seen.body === body, new Map(seen.headers).get("content-length")]).toEqual([true, "1000000"]);
  });

  it("of unstated length is streamed too", async () => {
    const chunks = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const word of ["one ", "two ", "three"]) controller.enqueue(new TextEncoder().encode(word));
        controller.close();
      },
    });
    const response = await fetch(new URL("/", site.url), { method: "PUT", body: chunks, duplex: "half" });
    expect(((await response.json()) as Seen).body).toBe("one two three");
  });

  it("that breaks off goes nowhere, and is not taken for a failure of the front", async () => {
    const head = "PUT / HTTP/1.1\r\nHost: site.test\r\nX-Request-Id: broken-off\r\nContent-Length: 9\r\n\r\n";
    connect(Number(site.url.port), site.url.hostname)
      .on("error", () => undefined)
      .end(`${head}half`);
    const logs = () => JSON.stringify(site.harness.getLogs());
    await expect.poll(logs, { timeout: 5000 }).toContain("client broke off");
    expect(logs()).not.toContain("front failed");
    expect(await runs("broken-off")).toEqual([0, 0, 0]);
  });
});

it("leaves a redirect to the client", async () => {
  const response = await site.fetch("/?a=redirect", { redirect: "manual" });
  expect([response.status, response.headers.get("Location")]).toEqual([302, "/elsewhere"]);
});

describe("the request id", () => {
  it("is the client's own, to the origin and back", async () => {
    const response = await site.fetch("/", withId("story-1"));
    expect(response.headers.get("X-Request-Id")).toBe("story-1");
    expect(new Map(((await response.json()) as Seen).headers).get("x-request-id")).toBe("story-1");
  });

  it("is a new one where the client has none, or one that is not sane", async () => {
    const ids = await Promise.all(
      [{}, { "X-Request-Id": "a b" }, { "X-Request-Id": "x".repeat(limits.requestIdLength + 1) }].map(
        async (headers) => {
          const response = await site.fetch("/", { headers });
          return response.headers.get("X-Request-Id");
        },
      ),
    );
    for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(ids).size).toBe(3);
  });

  it("stands on every response", async () => {
    for (const path of [
      "/?a=throw&b=throw&c=throw",
      "/dns-query",
      "/_trefoil/",
      "/_trefoil/livez",
      "/_trefoil/readyz",
      "/?a=302",
    ])
      expect((await site.fetch(path, withId("everywhere", { redirect: "manual" }))).headers.get("X-Request-Id")).toBe(
        "everywhere",
      );
  });
});

describe("debug headers", () => {
  it("name the server and the time where FAULTS=on", async () => {
    const { headers } = await site.fetch("/?a=hop");
    expect(headers.get("X-Served-By")).toBe("a");
    expect(headers.get("X-Trefoil-Node")).toBe("db-1");
    expect(headers.get("Server-Timing")).toMatch(/^front;dur=\d+$/);
  });

  it("give nothing away elsewhere", async () => {
    const production = await startSite({ replace: mockOrigins, vars: { FAULTS: "off" } });
    const { headers } = await production.fetch("/?a=hop");
    await production.close();
    for (const name of ["X-Served-By", "X-Trefoil-Node", "X-Trefoil-Bookmark", "Server-Timing"])
      expect(headers.has(name)).toBe(false);
  });
});

it("keeps /dns-query from the site", async () => {
  const response = await site.fetch("/dns-query?dns=AAAA", withId("dns"));
  expect(response.status).toBe(404);
  expect(await runs("dns")).toEqual([0, 0, 0]);
});
