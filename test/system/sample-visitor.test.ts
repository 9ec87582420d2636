import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../shared/kernel/limits.ts";
import { startSite, type TestSite } from "../support/site.ts";
import { browse, visit } from "../support/visitor.ts";

const servers = ["a", "b", "c"] as const;
const nobody = { name: null, draft: null };

let site: TestSite;

beforeAll(async () => {
  site = await startSite();
});
afterEach(() => site.clearFaults());
afterAll(() => site.close());

const rowsOf = async (sql: string) => {
  const storage = await site.worker("database").getDurableObjectStorage("DatabaseNode", { name: "db-1" });
  return storage.exec(sql);
};

const countOf = async (table: string) => (await rowsOf(`select count(*) as rows from ${table}`))[0]?.["rows"];

/** A visitor with a name and a draft. */
const acquainted = async () => {
  const visitor = browse(site);
  await visitor.keepName("Ada", { server: "a" });
  await visitor.keepDraft("Notes", "on the engine", { server: "b" });
  return visitor;
};
const kept = { name: "Ada", draft: { title: "Notes", body: "on the engine" } };

it("the first sessions of all, begun at once through cold servers, are signed by one key", async () => {
  await site.fault({ target: "db-1", fault: "slow", ms: 50 });
  const visitors = Array.from({ length: 9 }, () => browse(site));
  await Promise.all(visitors.map((visitor, at) => visitor.keepName(`First ${at}`)));
  expect(await countOf("session_keys")).toBe(1);
  for (const [at, visitor] of visitors.entries()) {
    for (const server of servers) expect(await visitor.session({ server })).toMatchObject({ name: `First ${at}` });
  }
});

describe("a session", () => {
  it("that one server began is the same on every server", async () => {
    const visitor = await acquainted();
    const seen = new Set<string | null>();
    for (let turn = 0; turn < 3; turn++) {
      const response = await visitor.send("/api/session");
      seen.add(response.headers.get("X-Served-By"));
      expect(await response.json()).toEqual(kept);
    }
    expect(seen).toEqual(new Set(servers));
  });

  it.each(["server-b", "server-c"] as const)("lives on when the server dies that served it: %s", async (target) => {
    const server = target.slice(-1);
    const visitor = browse(site);
    await visitor.keepName("Ada", { server });
    await visitor.keepDraft("Notes", "on the engine", { server });
    await site.fault({ target, fault: "down" });
    for (let turn = 0; turn < 3; turn++) expect(await visitor.session()).toEqual(kept);
    expect(await visitor.keepDraft("Notes", "second version")).toMatchObject({ draft: { body: "second version" } });
  });

  it("is read while the primary is away, and by servers that have not seen it", async () => {
    const visitor = await acquainted();
    // The replicas have it when they answer.
    for (const server of servers) expect(await visitor.session({ server })).toEqual(kept);
    await site.fault({ target: "server-a", fault: "down" });
    for (let turn = 0; turn < 4; turn++) expect(await visitor.session()).toEqual(kept);
    const page = await visitor.send("/posts");
    expect(page.status).toBe(200);
    expect(await page.text()).toContain("on the engine</textarea>");
    expect(page.headers.getSetCookie()).toEqual([]);
  });

  it("cannot be changed while the primary is away: 503, and it stays as it was", async () => {
    const visitor = await acquainted();
    await site.fault({ target: "db-1", fault: "down" });
    const before = new Map(visitor.jar);
    for (const step of [{ method: "PUT", json: { name: "Eve" } }, { method: "DELETE" }] as const) {
      expect((await visitor.send("/api/session", step)).status).toBe(503);
    }
    expect(visitor.jar).toEqual(before);
    await site.clearFaults();
    expect(await visitor.session()).toEqual(kept);
  });

  it("is not begun for who has nothing to keep", async () => {
    const rows = await countOf("sessions");
    const visitor = browse(site);
    expect(await visitor.session()).toEqual(nobody);
    await visitor.send("/posts");
    expect((await visitor.send("/api/session", { method: "DELETE" })).status).toBe(204);
    expect(await visitor.keepDraft(" ", "")).toEqual(nobody);
    await visitor.send("/api/posts", { method: "POST", json: { title: "By nobody", body: "x" } });
    expect([...visitor.jar.keys()]).toEqual(["trefoil_bookmark"]);
    expect(await countOf("sessions")).toBe(rows);
  });

  it("that the replicas do not have yet is found by a write, also of who has lost his bookmark", async () => {
    await site.fault({ target: "db-1", fault: "partition", peers: ["db-2", "db-3"] });
    const visitor = await acquainted();
    visitor.jar.delete("trefoil_bookmark");
    expect(await visitor.keepDraft("Notes", "second version")).toMatchObject({ name: "Ada" });
  });

  it("is each visitor's own", async () => {
    const [ada, bob] = [await acquainted(), browse(site)];
    await bob.keepName("Bob");
    expect(await bob.session()).toEqual({ name: "Bob", draft: null });
    expect(await ada.session()).toEqual(kept);
  });

  it("ends on every server when he asks for it, and its cookie goes", async () => {
    const visitor = await acquainted();
    const copy = visitor.jar.get("trefoil_session") ?? "";
    expect((await visitor.send("/api/session", { method: "DELETE", server: "c" })).status).toBe(204);
    expect([...visitor.jar.keys()]).toEqual(["trefoil_bookmark"]);
    visitor.jar.set("trefoil_session", copy);
    for (const server of servers) expect(await visitor.session({ server })).toEqual(nobody);
  });
});

describe("its cookie", () => {
  const attributes = `Max-Age=${limits.sessionIdleMs / 1000}; Path=/; HttpOnly`;

  it.each([
    ["http", "SameSite=Lax"],
    ["https", "Secure; SameSite=Lax"],
  ])("is for this site alone and not for its scripts, over %s", async (scheme, rest) => {
    const response = await site.worker("origin-b").fetch(`${scheme}://origin.test/api/session`, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name: "Ada" }),
    });
    const [session = "", bookmark = "", ...others] = response.headers.getSetCookie();
    expect(session).toMatch(/^trefoil_session=[\w-]{43}\.[A-Za-z0-9%]{44,}; /);
    expect(session.slice(session.indexOf(";") + 2)).toBe(`${attributes}; ${rest}`);
    expect(bookmark).toMatch(/^trefoil_bookmark=/);
    expect(others).toEqual([]);
  });

  it("comes through the front beside the bookmark, each in a field of its own", async () => {
    const response = await browse(site).send("/api/session", { method: "PUT", json: { name: "Ada" } });
    const names = response.headers.getSetCookie().map((line) => line.split("=")[0]);
    expect(names).toEqual(["trefoil_session", "trefoil_bookmark"]);
  });

  it("makes no answer public", async () => {
    const visitor = await acquainted();
    for (const path of ["/api/session", "/posts"]) {
      const policy = (await visitor.send(path)).headers.get("Cache-Control");
      expect(policy, path).toMatch(/^(no-store|private, no-cache)$/);
    }
    expect((await browse(site).send("/api/session")).headers.get("Cache-Control")).toBe("no-store");
  });

  it("leads nowhere from the database: what stands there is neither the token nor the cookie", async () => {
    const visitor = await acquainted();
    const token = visitor.jar.get("trefoil_session")?.split(".")[0] ?? "";
    const rows = JSON.stringify([await rowsOf("select * from session_tokens"), await rowsOf("select * from sessions")]);
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(rows).toContain("on the engine");
    expect(rows).not.toContain(token);
  });

  /** The cookie with another letter in a place of its value, which percent signs do not shift. */
  const changed = (cookie: string, at: number) => {
    const value = decodeURIComponent(cookie);
    const letter = value.charAt(at) === "A" ? "B" : "A";
    return encodeURIComponent(`${value.slice(0, at)}${letter}${value.slice(at + 1)}`);
  };

  it.each([
    ["with another token", (cookie: string) => changed(cookie, 3)],
    ["with another signature", (cookie: string) => changed(cookie, 50)],
    ["cut off", (cookie: string) => cookie.slice(0, -5)],
    ["without a signature", (cookie: string) => cookie.slice(0, 43)],
    ["with more text", (cookie: string) => `${cookie}A`],
    ["of 7,000 bytes", (cookie: string) => cookie.padEnd(7000, "A")],
    ["with bytes that are not UTF-8", (cookie: string) => `%ff${cookie.slice(3)}`],
    ["empty", () => ""],
    ["twice, the first of them false", (cookie: string) => `x; trefoil_session=${cookie}`],
  ])("is refused %s, and the next write begins anew", async (_, forge) => {
    const visitor = await acquainted();
    const genuine = visitor.jar.get("trefoil_session") ?? "";
    visitor.jar.set("trefoil_session", forge(genuine));
    for (const server of servers) expect(await visitor.session({ server })).toEqual(nobody);
    expect(await visitor.keepName("Eve")).toEqual({ name: "Eve", draft: null });
    visitor.jar.set("trefoil_session", genuine);
    expect(await visitor.session()).toEqual(kept);
  });

  it("that is forged costs no question to the database, but now and then one for a key that is new", async () => {
    const visitor = await acquainted();
    await visitor.session({ server: "b" });
    visitor.jar.set("trefoil_session", changed(visitor.jar.get("trefoil_session") ?? "", 3));
    const startMs = performance.now();
    let asked = 0;
    for (let turn = 0; turn < 20; turn++) {
      const response = await visitor.send("/api/session", { server: "b" });
      if (response.headers.has("X-Trefoil-Node")) asked += 1;
    }
    expect(asked).toBeLessThanOrEqual(1 + (performance.now() - startMs) / limits.sessionKeyReloadMs);
  });

  it.each([
    ["short", "x"],
    ["long", "A".repeat(7000)],
  ])("that is malformed (%s) costs no question at all, also by a server that would look for keys", async (_, value) => {
    const visitor = await acquainted();
    visitor.jar.set("trefoil_session", value);
    await site.fault({ target: "origin-b", fault: "clock", ms: 2 * limits.sessionKeyCacheMs });
    const response = await visitor.send("/api/session", { server: "b" });
    expect(await response.json()).toEqual(nobody);
    expect(response.headers.has("X-Trefoil-Node")).toBe(false);
  });

  it("is found in a second Cookie field too, which RFC 6265 5.4 forbids", async () => {
    const visitor = await acquainted();
    const lines = Array.from(visitor.jar, ([name, value]) => `Cookie: ${name}=${value}\r\n`).join("");
    const head = `GET /api/session HTTP/1.1\r\nHost: ${site.url.host}\r\nConnection: close\r\n`;
    const socket = connect(Number(site.url.port), site.url.hostname).end(`${head}${lines}\r\n`);
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('"name":"Ada"');
  });

  it("that is signed and of no session is one of nobody, and the next write begins anew", async () => {
    const visitor = await acquainted();
    const stranger = visitor.jar.get("trefoil_session") ?? "";
    await visitor.send("/api/session", { method: "DELETE" });
    visitor.jar.set("trefoil_session", stranger);
    expect(await visitor.keepName("Eve")).toEqual({ name: "Eve", draft: null });
    expect(visitor.jar.get("trefoil_session")).not.toBe(stranger);
  });
});

describe("who gives his name", () => {
  it("gets a new token, and none from before is good for anything (session fixation)", async () => {
    const attacker = browse(site);
    await attacker.keepDraft("Planted", "x");
    const victim = browse(site);
    victim.jar.set("trefoil_session", attacker.jar.get("trefoil_session") ?? "");
    victim.jar.set("trefoil_bookmark", attacker.jar.get("trefoil_bookmark") ?? "");
    expect(await victim.keepName("Ada")).toEqual({ name: "Ada", draft: { title: "Planted", body: "x" } });
    expect(victim.jar.get("trefoil_session")).not.toBe(attacker.jar.get("trefoil_session"));
    attacker.jar.set("trefoil_bookmark", victim.jar.get("trefoil_bookmark") ?? "");
    for (const server of servers) {
      expect(await attacker.session({ server })).toEqual(nobody);
      expect(await victim.session({ server })).toMatchObject({ name: "Ada" });
    }
  });

  it("again keeps his draft and his token, so that a lost answer costs him nothing", async () => {
    const visitor = await acquainted();
    const token = visitor.jar.get("trefoil_session");
    expect(await visitor.keepName("Grace")).toEqual({ ...kept, name: "Grace" });
    expect(await visitor.session()).toEqual({ ...kept, name: "Grace" });
    expect(visitor.jar.get("trefoil_session")).toBe(token);
  });
});

describe("the JSON API", () => {
  const [longName, longText] = ["x".repeat(limits.visitorNameLength + 1), "x".repeat(limits.postBodyLength + 1)];

  it.each([
    ["no name", "", "{}", "name", "The name is missing."],
    ["an empty name", "", '{"name":" "}', "name", "The name is missing."],
    ["a number for a name", "", '{"name":5}', "name", "The name is not text."],
    ["a long name", "", `{"name":"${longName}"}`, "name", "The name has more than 80 characters."],
    ["a text", "", '"Ada"', "", "A session is an object with a name."],
    ["a control character", "/draft", '{"title":"a\\u0000b"}', "title", "The title has characters that are not text."],
    ["a draft that is null", "/draft", '{"body":null}', "body", "The text is not text."],
    ["a long draft", "/draft", `{"body":"${longText}"}`, "body", "The text has more than 10000 characters."],
    ["half of a JSON text", "/draft", "{", "", "The body is not JSON."],
  ])("refuses with the field and the reason: %s", async (_, below, body, path, message) => {
    const headers = { "Content-Type": "application/json" };
    const response = await site.fetch(`/api/session${below}`, { method: "PUT", headers, body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "bad-request", issues: [{ path, message }] } });
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  it("takes a name and a draft as long as the limits say, and a draft with half of it missing", async () => {
    const visitor = browse(site);
    const name = "ж".repeat(limits.visitorNameLength);
    const draft = { title: "ж".repeat(limits.postTitleLength), body: "€".repeat(limits.postBodyLength) };
    await visitor.keepName(name);
    expect(await visitor.keepDraft(draft.title, draft.body)).toEqual({ name, draft });
    await visitor.send("/api/session/draft", { method: "PUT", json: { body: "half" } });
    expect(await visitor.session()).toEqual({ name, draft: { title: "", body: "half" } });
    expect(await visitor.keepDraft("", "")).toEqual({ name, draft: null });
  });

  it("takes JSON alone, which a form of another site cannot send", async () => {
    const init = { method: "PUT", headers: { "Content-Type": "text/plain" }, body: '{"name":"Eve"}' };
    expect((await site.fetch("/api/session", init)).status).toBe(415);
  });
});

describe("the pages", () => {
  const form = async (visitor: ReturnType<typeof browse>, path: string, fields: Record<string, string>) => {
    const response = await visitor.send(path, { method: "POST", form: fields });
    expect(response.status).toBe(303);
    return response.headers.get("Location");
  };
  const page = async (visitor: ReturnType<typeof browse>, server?: string) =>
    (await visitor.send("/posts", server === undefined ? {} : { server })).text();

  it("greet who gave his name, as text and not as markup, until he asks to be forgotten", async () => {
    const visitor = browse(site);
    expect(await page(visitor)).toContain('<label for="name">Your name</label>');
    expect(await form(visitor, "/session", { name: "<b>Ada</b>" })).toBe("/posts");
    for (const server of servers) expect(await page(visitor, server)).toContain("Hello, &lt;b&gt;Ada&lt;/b&gt;.");
    expect(await form(visitor, "/session/end", {})).toBe("/posts");
    expect(await page(visitor)).not.toContain("Ada&lt;");
  });

  it("give a draft back on every server, until it is published", async () => {
    const visitor = browse(site);
    expect(await form(visitor, "/session/draft", { title: "", body: "half a <text>" })).toBe("/posts#new-post");
    for (const server of servers) expect(await page(visitor, server)).toContain("half a &lt;text&gt;</textarea>");
    const location = await form(visitor, "/posts", { title: "Whole", body: "half a <text> and the rest" });
    expect(location).toMatch(/^\/posts\/\d+$/);
    const html = await page(visitor);
    expect(html).toContain("half a &lt;text&gt; and the rest</p>");
    expect(html).not.toMatch(/half a [^<]*<\/textarea>/);
    expect(await visitor.session()).toEqual(nobody);
  });

  it("keep the draft when the post is refused", async () => {
    const visitor = await acquainted();
    const response = await visitor.send("/posts", { method: "POST", form: { title: "", body: "x" } });
    expect(response.status).toBe(400);
    expect(await visitor.session()).toEqual(kept);
  });

  it("give a refused name and a refused draft back, with the reason", async () => {
    const visitor = browse(site);
    const name = await visitor.send("/session", { method: "POST", form: { name: "" } });
    expect([name.status, await name.text()]).toEqual([400, expect.stringContaining("The name is missing.")]);
    const title = "x".repeat(limits.postTitleLength + 1);
    const draft = await visitor.send("/session/draft", { method: "POST", form: { title, body: "kept" } });
    expect(draft.status).toBe(400);
    expect(await draft.text()).toMatch(/The title has more than 200 characters\..*kept<\/textarea>/s);
    expect(visitor.jar.size).toBe(0);
  });

  it.each(["/session", "/session/draft", "/session/end"])(
    "take no form of another site, which would sign him in as somebody else or out: %s",
    async (path) => {
      const visitor = await acquainted();
      const headers = {
        Origin: "https://evil.example",
        Cookie: `trefoil_session=${visitor.jar.get("trefoil_session")}`,
      };
      expect((await visit(site).submit(path, { name: "Eve", body: "x" }, headers)).status).toBe(403);
      expect(await visitor.session()).toEqual(kept);
    },
  );
});
