import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { startSite, type TestSite } from "../support/site.ts";
import { cookieOf, visit } from "../support/visitor.ts";

let site: TestSite;
let visitor: ReturnType<typeof visit>;

beforeAll(async () => {
  site = await startSite();
  visitor = visit(site);
});
afterEach(() => site.clearFaults());
afterAll(() => site.close());

it("the first requests of all, at once through cold servers, find the schema made once", async () => {
  await site.fault({ target: "db-1", fault: "slow", ms: 50 });
  const first = await Promise.all(Array.from({ length: 9 }, (_, at) => visitor.written(`First ${at}`)));
  expect(new Set(first.map(({ post: { id } }) => id)).size).toBe(9);
});

describe("Trefoil-Consistency", () => {
  const nodeOf = async (level: string) => {
    const response = await visitor.get("/api/posts?limit=1", { "Trefoil-Consistency": level });
    expect(response.status).toBe(200);
    expect(response.headers.get("X-Trefoil-Bookmark")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{16}$/);
    return response.headers.get("X-Trefoil-Node");
  };

  it.each(["primary", "linearizable"])("%s reads at the primary", async (level) => {
    for (let turn = 0; turn < 3; turn++) expect(await nodeOf(level)).toBe("db-1");
  });

  it("any reads at a replica, by turns", async () => {
    const nodes = async () => {
      const seen = new Set<string | null>();
      for (let turn = 0; turn < 6; turn++) seen.add(await nodeOf("any"));
      return seen;
    };
    // A replica that has not caught up yet lets the primary answer.
    await vi.waitFor(async () => expect(await nodes()).toEqual(new Set(["db-2", "db-3"])), { timeout: 5000 });
  });

  it("is refused where there is no such level", async () => {
    const response = await visitor.get("/api/posts", { "Trefoil-Consistency": "strong" });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "bad-request" } });
  });
});

describe("a visitor's bookmark", () => {
  it("is a cookie for this site alone, given by a write and by nothing else", async () => {
    const response = await visitor.post("/api/posts", { title: "Cookie", body: "x" });
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^trefoil_bookmark=[0-9a-f]{8}-[0-9a-f]{16}; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
    const read = await visitor.get("/api/posts", { Cookie: cookieOf(response) });
    expect(read.headers.getSetCookie()).toEqual([]);
    expect(read.headers.get("Cache-Control")).toBe("private, no-cache");
  });

  it("lets him read what he wrote while the replicas are behind", async () => {
    await site.fault({ target: "db-1", fault: "partition", peers: ["db-2", "db-3"] });
    const { post: own, cookie } = await visitor.written("My own");
    const [mine, anyones] = [
      await visitor.get(`/api/posts/${own.id}`, { Cookie: cookie }),
      await visitor.get(`/api/posts/${own.id}`, { Cookie: cookie, "Trefoil-Consistency": "any" }),
    ];
    expect(mine.status).toBe(200);
    expect(anyones.status).toBe(404);
  });

  it.each(["trefoil_bookmark=nonsense", "trefoil_bookmark=", "trefoil_bookmark=first-primary"])(
    "is ignored when malformed: %s",
    async (cookie) => {
      expect((await visitor.get("/api/posts", { Cookie: cookie })).status).toBe(200);
    },
  );
});

describe("a server that starts while the primary is away", () => {
  it("serves what the replicas have", async () => {
    const young = await startSite();
    try {
      const body = JSON.stringify({ title: "Early", body: "x" });
      await young.fetch("/api/posts", { method: "POST", headers: { "Content-Type": "application/json" }, body });
      for (const name of ["db-2", "db-3"]) await vi.waitFor(() => hasPost(young, name), { timeout: 5000 });
      await young.fault({ target: "db-1", fault: "down" });
      for (const server of ["b", "c"]) {
        const read = await young.fetch("/api/posts");
        expect(read.headers.get("X-Served-By")).toBe(server);
        expect(await read.json()).toMatchObject([{ title: "Early" }]);
      }
    } finally {
      await young.close();
    }
  });

  async function hasPost(young: TestSite, name: string): Promise<void> {
    const storage = await young.worker("database").getDurableObjectStorage("DatabaseNode", { name });
    expect(await storage.exec("select title from posts")).toEqual([{ title: "Early" }]);
  }
});

describe("without a database", () => {
  const direct = (path: string) => site.worker("origin-a").fetch(`http://origin.test${path}`);

  it("the API says so in JSON, pages in words; both say when to come back, neither why", async () => {
    for (const target of ["db-1", "db-2", "db-3"]) await site.fault({ target, fault: "down" });
    const [api, page] = [await direct("/api/posts"), await direct("/posts")];
    for (const response of [api, page]) {
      expect(response.status).toBe(503);
      expect(response.headers.get("Retry-After")).toBe("1");
    }
    expect(await api.json()).toMatchObject({ error: { code: "unavailable", issues: [] } });
    const html = await page.text();
    expect(html).toContain("<h1>The database does not answer.");
    expect(html).not.toMatch(/Error|\bat |db-\d/);
  });
});
