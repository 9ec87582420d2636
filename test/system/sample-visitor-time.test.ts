import { createHmac } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { limits } from "../../shared/kernel/limits.ts";
import { startSite, type TestSite } from "../support/site.ts";
import { play, readFrom, sqlClient } from "../support/sql-client/worker.ts";
import { browse } from "../support/visitor.ts";

const nobody = { name: null, draft: null };
const dayMs = 86_400_000;
/** What passes while a test runs: no bound is met more closely. */
const slackMs = 30_000;

let site: TestSite;

beforeAll(async () => {
  site = await startSite({ add: [sqlClient] });
  // The first request makes the schema.
  await site.fetch("/posts");
});
beforeEach(() => write("delete from sessions"));
afterEach(() => {
  aheadMs = 0;
  return site.clearFaults();
});
afterAll(() => site.close());

async function write(...sql: string[]): Promise<void> {
  const { error } = await play(site, { start: "primary", calls: [{ method: "batch", sql }] });
  expect(error).toBeUndefined();
}

/** By how much the clocks of the servers are ahead. */
let aheadMs = 0;

/**
 * Lets time pass: what the database holds is made older, but for a last step, which the servers' clocks take; so what they
 * remember for a minute grows old, too.
 */
async function pass(ms: number): Promise<void> {
  const stepMs = limits.sessionKeyCacheMs + slackMs;
  aheadMs += stepMs;
  for (const target of ["origin-a", "origin-b", "origin-c"]) await site.fault({ target, fault: "clock", ms: aheadMs });
  const older = ms - stepMs;
  await write(
    `update session_tokens set issued_at = issued_at - ${older}, expires_at = expires_at - ${older}`,
    `update sessions set started_at = started_at - ${older}, expires_at = expires_at - ${older}`,
    `update session_keys set created_at = created_at - ${older}`,
  );
}

const rows = (sql: string) => readFrom(site, "db-1", sql);

/** A visitor whose reads see what `pass` did. */
function visitorOfNow() {
  const visitor = browse(site);
  const headers = { "Trefoil-Consistency": "primary" };
  return {
    ...visitor,
    session: () => visitor.session({ headers }),
    cookie: () => visitor.jar.get("trefoil_session") ?? "",
    /** He, with the cookie that he had. */
    with: async (cookie: string) => {
      const other = browse(site);
      other.jar.set("trefoil_session", cookie);
      return { session: await other.session({ headers }), send: other.send, jar: other.jar };
    },
  };
}

describe("the keys", () => {
  const keys = async () => (await rows("select id from session_keys order by id")).map(([id]) => id);
  const hmac = (secret: string, token: string) => createHmac("sha256", secret).update(token).digest("base64");
  /** The key that signed a cookie. */
  const signerOf = async (cookie: string) => {
    const [token = "", signature = ""] = decodeURIComponent(cookie).split(".");
    const signers = await rows("select id, secret from session_keys");
    return signers.find(([, secret]) => hmac(String(secret), token) === signature)?.[0];
  };

  it("change; what the one before has signed is good as long as it lives, and then that key goes", async () => {
    const [early, late, later] = [visitorOfNow(), visitorOfNow(), visitorOfNow()];
    await early.keepName("Early");
    await pass(limits.sessionKeyMs);
    await write(
      ...["sessions", "session_tokens"].map((table) => `update ${table} set expires_at = expires_at + ${dayMs}`),
    );
    await late.keepName("Late");
    expect(await keys()).toEqual([1, 2]);
    // Not every server knows the second key yet.
    for (const visitor of [early, late]) expect(await signerOf(visitor.cookie())).toBe(1);
    expect(await early.session()).toMatchObject({ name: "Early" });
    await pass(limits.sessionKeyMs + 2 * limits.sessionKeyCacheMs);
    await later.keepName("Later");
    expect(await keys()).toEqual([2, 3]);
    expect(await signerOf(later.cookie())).toBe(2);
    expect(await later.session()).toMatchObject({ name: "Later" });
  });

  it("that a server does not know yet are looked for when a cookie bears their signature", async () => {
    const visitor = browse(site);
    const see = () => visitor.session({ server: "b", headers: { "Trefoil-Consistency": "primary" } });
    await visitor.keepName("Ada");
    expect(await see()).toMatchObject({ name: "Ada" });
    const secret = "made by another server";
    await write(`insert into session_keys (secret, created_at) values ('${secret}', ${Date.now()})`);
    const [token = ""] = (visitor.jar.get("trefoil_session") ?? "").split(".");
    visitor.jar.set("trefoil_session", encodeURIComponent(`${token}.${hmac(secret, token)}`));
    await vi.waitFor(async () => expect(await see()).toMatchObject({ name: "Ada" }), { timeout: 5000 });
  });
});

describe("a session", () => {
  it("ends when its token is past its end, and not before", async () => {
    const visitor = visitorOfNow();
    await visitor.keepName("Ada");
    await pass(limits.sessionIdleMs - slackMs);
    expect(await visitor.session()).toEqual({ name: "Ada", draft: null });
    await pass(slackMs);
    expect(await visitor.session()).toEqual(nobody);
    expect(await visitor.keepDraft("New", "x")).toEqual({ name: null, draft: { title: "New", body: "x" } });
  });

  it("that is written to each day lives on, and after its lifetime it ends all the same", async () => {
    const visitor = visitorOfNow();
    await visitor.keepName("Ada");
    const days = limits.sessionLifetimeMs / dayMs;
    for (let day = 1; day < days - 1; day++) {
      await pass(dayMs);
      expect((await visitor.keepDraft("Day", `${day}`)).name).toBe("Ada");
    }
    await pass(dayMs);
    const last = await visitor.send("/api/session/draft", { method: "PUT", json: { title: "Day", body: "last" } });
    const maxAge = Number(/Max-Age=(\d+)/.exec(last.headers.getSetCookie()[0] ?? "")?.[1]);
    expect(maxAge).toBeGreaterThan(0);
    expect(maxAge).toBeLessThanOrEqual(dayMs / 1000);
    await pass(dayMs - slackMs);
    expect((await visitor.session()).name).toBe("Ada");
    await pass(slackMs);
    expect(await visitor.session()).toEqual(nobody);
  });

  it("goes by the clock of the server: one that is a day ahead sees it a day older", async () => {
    const visitor = visitorOfNow();
    await visitor.keepName("Ada");
    await pass(limits.sessionIdleMs - dayMs + 4 * slackMs);
    expect(await visitor.session()).toMatchObject({ name: "Ada" });
    for (const target of ["origin-a", "origin-b", "origin-c"]) await site.fault({ target, fault: "clock", ms: dayMs });
    expect(await visitor.session()).toEqual(nobody);
  });
});

describe("a token", () => {
  it("stays while it is young, and is replaced by a write once it has served its time", async () => {
    const visitor = visitorOfNow();
    await visitor.keepDraft("One", "x");
    const first = visitor.cookie();
    await pass(limits.sessionRotateMs - slackMs);
    await visitor.keepDraft("Two", "x");
    expect(visitor.cookie()).toBe(first);
    await pass(slackMs);
    await visitor.session();
    expect(visitor.cookie()).toBe(first);
    await visitor.keepDraft("Three", "x");
    expect(visitor.cookie()).not.toBe(first);
    expect(await visitor.session()).toMatchObject({ draft: { title: "Three" } });
  });

  it("that was replaced is good for requests on their way, is not replaced again, and is then dead", async () => {
    const visitor = visitorOfNow();
    await visitor.keepDraft("One", "x");
    const first = visitor.cookie();
    await pass(limits.sessionRotateMs);
    await visitor.keepDraft("Two", "x");
    const old = await visitor.with(first);
    expect(old.session).toMatchObject({ draft: { title: "Two" } });
    await old.send("/api/session/draft", { method: "PUT", json: { title: "Late", body: "x" } });
    expect(old.jar.get("trefoil_session")).toBe(first);
    expect(await visitor.session()).toMatchObject({ draft: { title: "Late" } });
    await pass(limits.sessionGraceMs);
    expect((await visitor.with(first)).session).toEqual(nobody);
    expect(await visitor.session()).toMatchObject({ draft: { title: "Late" } });
  });

  it("that is due in several requests at once has one successor", async () => {
    const visitor = visitorOfNow();
    await visitor.keepDraft("One", "x");
    await pass(limits.sessionRotateMs);
    await site.fault({ target: "db-1", fault: "slow", ms: 20 });
    const step = { method: "PUT", json: { title: "Two", body: "x" } };
    const Cookie = `trefoil_session=${visitor.cookie()}`;
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => browse(site).send("/api/session/draft", { ...step, headers: { Cookie } })),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const given = answers.flatMap(({ headers }) =>
      headers.getSetCookie().filter((line) => line.startsWith("trefoil_s")),
    );
    expect(given).toHaveLength(1);
    expect(await rows("select count(*) from session_tokens")).toEqual([[2]]);
  });

  it("is replaced when a post is published, too", async () => {
    const visitor = visitorOfNow();
    await visitor.keepName("Ada");
    await visitor.keepDraft("One", "x");
    const first = visitor.cookie();
    await pass(limits.sessionRotateMs);
    const form = { title: "Published", body: "x" };
    expect((await visitor.send("/posts", { method: "POST", form })).status).toBe(303);
    expect(visitor.cookie()).not.toBe(first);
    expect(await visitor.session()).toEqual({ name: "Ada", draft: null });
  });

  it("leaves nothing behind in the end: a session has the one in use and the one before", async () => {
    const visitor = visitorOfNow();
    for (let day = 0; day < 5; day++) {
      await visitor.keepDraft("Day", `${day}`);
      await pass(limits.sessionRotateMs);
    }
    await visitor.keepDraft("Day", "5");
    expect(await rows("select count(*) from session_tokens")).toEqual([[2]]);
    await visitor.keepName("Ada");
    expect(await rows("select count(*) from session_tokens")).toEqual([[1]]);
  });
});

describe("the clean-up", () => {
  const stale = (count: number) =>
    write(
      `with recursive n (i) as (select 1 union all select i + 1 from n where i < ${count})
       insert into sessions (id, started_at, expires_at) select 'stale-' || i, 0, i from n`,
      "insert into session_tokens select 'token-of-' || id, id, 0, expires_at from sessions where id like 'stale-%'",
    );

  it(`deletes ${limits.expiredSessionsDeleted} expired sessions with each new one, the oldest first, with their tokens`, async () => {
    await stale(limits.expiredSessionsDeleted + 5);
    await browse(site).keepName("Ada");
    const left = [1, 2, 3, 4, 5].map((at) => [`stale-${limits.expiredSessionsDeleted + at}`]);
    expect(await rows("select id from sessions where id like 'stale-%' order by expires_at")).toEqual(left);
    expect(
      await rows("select session_id from session_tokens where session_id like 'stale-%' order by expires_at"),
    ).toEqual(left);
    await browse(site).keepName("Bob");
    expect(await rows("select count(*) from sessions")).toEqual([[2]]);
    expect(await rows("select count(*) from session_tokens")).toEqual([[2]]);
  });

  it("takes the rows by their index, and looks at no other", async () => {
    const plan = async (sql: string) => (await rows(`explain query plan ${sql}`)).map((row) => row.at(-1));
    expect(await plan("select id from sessions where expires_at <= 5 order by expires_at limit 20")).toEqual([
      expect.stringMatching(/^SEARCH sessions USING INDEX sessions_by_end/),
    ]);
  });
});
