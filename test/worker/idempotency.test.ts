import { readFileSync } from "node:fs";
import { Context, Hono } from "hono";
import { beforeEach, describe, expect, it } from "vitest";
import { limits } from "../../shared/kernel/limits.ts";
import { readMigrations } from "../../shared/migration/files.ts";
import { formatBookmark } from "../../shared/replication/bookmark.ts";
import type { Argument } from "../../shared/sql/parameters.ts";
import { type Commit, idempotency } from "../../workers/origin/server/idempotency.ts";
import { Pair } from "../support/pair.ts";

const folder = new URL("../../workers/origin/server/migrations/", import.meta.url);
const files = ["0001_idempotency.sql"].map((name) => ({ name, text: readFileSync(new URL(name, folder), "utf8") }));

type Call = [string, ...Argument[]];

/** A statement of a session below. */
interface FakeStatement {
  readonly call: Call;
  bind(...values: unknown[]): FakeStatement;
  run(): Promise<unknown>;
}

/** A session of the database client, over the primary of a pair. */
class FakeSession {
  written: string | null = null;
  readonly #pair: Pair;

  constructor(pair: Pair) {
    this.#pair = pair;
  }

  prepare(...call: Call): FakeStatement {
    return {
      call,
      bind: (...values) => this.prepare(call[0], ...(values as Argument[])),
      run: () => this.#run([call]),
    };
  }

  batch<Row>(statements: FakeStatement[]): Promise<{ results: Row[] }[]> {
    return this.#run(statements.map(({ call }) => call));
  }

  async #run<Row>(calls: Call[]): Promise<{ results: Row[] }[]> {
    await Promise.resolve();
    const outcome = this.#pair.batch(...calls);
    if (!outcome.ok) throw new Error(`D1_ERROR: ${outcome.message}`);
    if (outcome.results.some(({ kind }) => kind !== "read"))
      this.written = formatBookmark(this.#pair.primary.log.position);
    return outcome.results.map(({ columns, rows }) => ({
      results: rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]])) as Row),
    }));
  }
}

interface Env {
  readonly Bindings: { readonly DB: FakeSession; readonly NOW_MS: number };
}
type AppContext = Context<Env>;
type Handler = (c: AppContext, commit: Commit) => Response | Promise<Response>;

const answerOf = (c: AppContext, id: number) => c.json({ id }, 201, { Location: `/notes/${id}` });
const insertOf = (c: AppContext, text = "note") => c.env.DB.prepare("insert into notes (text) values (?)").bind(text);
/** Stores a note and says its id. */
const store: Handler = (c, commit) => commit([insertOf(c)], (id) => answerOf(c, id));

let pair: Pair;
let nowMs: number;
let runs: number;

beforeEach(() => {
  pair = new Pair("create table notes (id integer primary key, text text unique)");
  const read = readMigrations(files);
  for (const { statements } of read.ok ? read.migrations : []) for (const sql of statements) pair.rows(sql);
  [nowMs, runs] = [1_000_000, 0];
});

const count = (table: string) => Number(pair.rows(`select count(*) from ${table}`)[0]?.[0]);

interface Ask {
  readonly path?: string;
  readonly method?: string;
  readonly body?: string;
  /** The field `Idempotency-Key`; `null` for none. */
  readonly key?: string | null;
  readonly caller?: string;
}

/** A handler that can run more than once. */
const storeAnother: Handler = (c, commit) => commit([insertOf(c, `note ${runs}`)], (id) => answerOf(c, id));

/** The same handler, which goes on only when it runs as many times at once. */
function together(times: number, handler: Handler): Handler {
  const { promise, resolve } = Promise.withResolvers<void>();
  return async (c, commit) => {
    if (runs === times) resolve();
    await promise;
    return handler(c, commit);
  };
}

/** A server with one handler for every path and method. Each request has a session of its own, and so could be at any server. */
function server(handler: Handler, required = false) {
  const idempotent = idempotency<Env>({ caller: (c) => c.req.header("Authorization"), required });
  const counted = idempotent((c, commit) => {
    runs += 1;
    return handler(c, commit);
  });
  const app = new Hono<Env>().all("*", counted).onError((error, c) => c.text(error.message, 500));
  return async ({ path = "/notes", method = "POST", body = "{}", key = '"k"', caller }: Ask = {}) => {
    const database = new FakeSession(pair);
    const headers = { ...(key !== null && { "Idempotency-Key": key }), ...(caller && { Authorization: caller }) };
    const response = await app.request(path, { method, body, headers }, { DB: database, NOW_MS: nowMs });
    return { response, written: database.written, text: await response.clone().text() };
  };
}

describe("a request with a key", () => {
  it("runs once; what comes again gets the same status, fields and bytes, and is told so", async () => {
    const ask = server(store);
    const [first, second] = [await ask(), await ask()];
    expect(first.text).toBe('{"id":1}');
    expect([second.response.status, second.text]).toEqual([first.response.status, first.text]);
    expect([...second.response.headers]).toEqual(
      [...first.response.headers, ["idempotent-replayed", "true"]].toSorted(([one = ""], [other = ""]) =>
        one < other ? -1 : 1,
      ),
    );
    expect(first.response.headers.get("Location")).toBe("/notes/1");
    expect([runs, count("notes")]).toEqual([1, 1]);
  });

  it("runs once where many come at once: the others get the answer of the one that was quicker", async () => {
    const ask = server(together(8, (c, commit) => commit([insertOf(c, crypto.randomUUID())], (id) => answerOf(c, id))));
    const all = await Promise.all(Array.from({ length: 8 }, () => ask()));
    expect(count("notes")).toBe(1);
    expect(new Set(all.map(({ text, response }) => `${response.status} ${text}`))).toEqual(new Set(['201 {"id":1}']));
    expect(all.filter(({ response }) => !response.headers.has("Idempotent-Replayed"))).toHaveLength(1);
  });

  it("meets its key before any rule of the application's tables, where two come at once", async () => {
    const ask = server(together(2, store));
    const both = await Promise.all([ask(), ask()]);
    expect(both.map(({ response }) => response.status)).toEqual([201, 201]);
  });

  it("is the request of its caller: the same key of somebody else is another one", async () => {
    const ask = server(storeAnother);
    const by = async (name: string) => (await ask({ caller: name })).text;
    expect([await by("Ada"), await by("Bob"), await by("Ada"), await by("")]).toEqual(
      [1, 2, 1, 3].map((id) => `{"id":${id}}`),
    );
  });

  it("is read from one's own write: who gets an old answer gets the bookmark of what it speaks of", async () => {
    const ask = server(store);
    const { written } = await ask();
    pair.rows("insert into notes (text) values ('another')");
    const again = await ask();
    expect(again.written).toBe(formatBookmark(pair.primary.log.position));
    expect((again.written ?? "") > (written ?? "")).toBe(true);
  });

  it.each<[string, Ask]>([
    ["another body", { body: "{ }" }],
    ["another path", { path: "/other" }],
    ["another query", { path: "/notes?a=1" }],
    ["another method", { method: "PATCH" }],
  ])("is refused when it is not the request that had the key: %s", async (_, other) => {
    const ask = server(store);
    await ask();
    const { response, text } = await ask(other);
    expect(response.status).toBe(422);
    expect(JSON.parse(text)).toMatchObject({ error: { code: "idempotency-key-reused", issues: [] } });
    expect([runs, count("notes")]).toEqual([1, 1]);
  });

  it("of two at once with different bodies is refused for the slower one", async () => {
    const ask = server(together(2, store));
    const both = await Promise.all([ask(), ask({ body: "other" })]);
    expect(new Set(both.map(({ response }) => response.status))).toEqual(new Set([201, 422]));
    expect(count("notes")).toBe(1);
  });

  it.each([
    ["answers without commit()", (c: AppContext) => c.json({ error: "input" }, 400), 400],
    ["throws", () => Promise.reject(new Error("a bug")), 500],
    [
      "gives the database a statement that fails",
      (c: AppContext, commit: Commit) => commit([insertOf(c), insertOf(c)], (id) => answerOf(c, id)),
      500,
    ],
  ])("leaves nothing behind when its handler %s: the key is as good as new", async (_, handler, status) => {
    const { response } = await server(handler)();
    expect(response.status).toBe(status);
    expect([count("notes"), count("trefoil_idempotency")]).toEqual([0, 0]);
    expect((await server(store)()).response.status).toBe(201);
  });

  it("may find that its first statements fail, and commit others", async () => {
    pair.rows("insert into notes (text) values ('note')");
    const ask = server(async (c, commit) => {
      await expect(store(c, commit)).rejects.toThrow("UNIQUE constraint failed: notes.text");
      return commit([insertOf(c, "other")], (id) => answerOf(c, id));
    });
    expect((await ask()).text).toBe('{"id":2}');
    expect((await ask()).text).toBe('{"id":2}');
  });
});

describe("the field", () => {
  it.each(['""', `"${"k".repeat(limits.idempotencyKeyLength + 1)}"`, '"a", "b"'])(
    "is refused when it is no key: %s",
    async (key) => {
      const { response, text } = await server(store)({ key });
      expect(response.status).toBe(400);
      expect(JSON.parse(text)).toMatchObject({ error: { code: "bad-request" } });
      expect([runs, count("notes")]).toEqual([0, 0]);
    },
  );

  it("may be missing: then each request runs, and nothing is kept", async () => {
    const ask = server(storeAnother);
    const both = [await ask({ key: null }), await ask({ key: null })];
    expect(both.map(({ text }) => text)).toEqual(['{"id":1}', '{"id":2}']);
    expect(both.map(({ response }) => response.headers.get("Location"))).toEqual(["/notes/1", "/notes/2"]);
    expect(count("trefoil_idempotency")).toBe(0);
  });

  it("may not be missing where it is required", async () => {
    const ask = server(storeAnother, true);
    const { response, text } = await ask({ key: null });
    expect([response.status, runs]).toEqual([400, 0]);
    expect(text).toContain("needs an Idempotency-Key");
    expect((await ask()).response.status).toBe(201);
  });
});

describe("an answer", () => {
  it("is kept for its time, to the millisecond; then the key is new", async () => {
    const ask = server(storeAnother);
    await ask();
    nowMs += limits.idempotencyKeyMs - 1;
    expect((await ask()).text).toBe('{"id":1}');
    nowMs += 1;
    expect((await ask()).text).toBe('{"id":2}');
    expect((await ask()).text).toBe('{"id":2}');
    expect(count("trefoil_idempotency")).toBe(1);
  });

  it("that has expired goes with later requests, the oldest first, and so many with each", async () => {
    const rows = limits.expiredKeysDeleted + 5;
    for (let at = 1; at <= rows; at += 1)
      pair.rows("insert into trefoil_idempotency values (?, 'f', ?, 201, '[]', '')", `k${at}`, nowMs - at);
    await server(store)();
    const left = pair.rows("select key from trefoil_idempotency where expires_at <= ? order by key", nowMs);
    expect(left.flat()).toEqual(["k1", "k2", "k3", "k4", "k5"]);
  });

  it("that has expired does not stand in the way of its key, however many have expired before it", async () => {
    const ask = server(storeAnother);
    await ask();
    for (let at = 0; at <= limits.expiredKeysDeleted; at += 1)
      pair.rows("insert into trefoil_idempotency values (?, 'f', ?, 201, '[]', '')", `k${at}`, nowMs + at);
    nowMs += limits.idempotencyKeyMs;
    expect((await ask()).text).toBe('{"id":2}');
  });

  it("is written in one transaction with what it speaks of", async () => {
    const before = pair.primary.log.position.lsn;
    await server(store)();
    expect(pair.primary.log.position.lsn).toBe(before + 1);
    const tables = pair.lastChanges().flatMap((change) => ("table" in change ? [change.table] : []));
    expect(new Set(tables)).toEqual(new Set(["notes", "trefoil_idempotency"]));
  });

  it("has no cookie when it is given again, and none is stored", async () => {
    const ask = server((c, commit) =>
      commit([insertOf(c)], (id) => {
        c.header("Set-Cookie", "a=secret", { append: true });
        c.header("Set-Cookie", "b=2", { append: true });
        return answerOf(c, id);
      }),
    );
    expect((await ask()).response.headers.getSetCookie()).toEqual(["a=secret", "b=2"]);
    expect((await ask()).response.headers.getSetCookie()).toEqual([]);
    expect(JSON.stringify(pair.rows("select * from trefoil_idempotency"))).not.toContain("secret");
  });

  it.each([
    ["204", (c: AppContext) => c.body(null, 204)],
    ["303", (c: AppContext) => c.redirect("/notes", 303)],
    ["200 without a type", () => new Response(new TextEncoder().encode("\ufeffplain"))],
    ["400, for what was stored all the same", (c: AppContext) => c.text("half", 400)],
  ])("of any form below 500 is given again as it was: %s", async (_, make) => {
    const ask = server((c, commit) => commit([insertOf(c)], () => make(c)));
    const [first, second] = [(await ask()).response, (await ask()).response];
    const meant = make(new Context(new Request("http://x/")));
    second.headers.delete("Idempotent-Replayed");
    const seen = async (response: Response) => [response.status, [...response.headers], await response.bytes()];
    const expected = await seen(meant);
    expect([await seen(first), await seen(second)]).toEqual([expected, expected]);
    expect(runs).toBe(1);
  });

  it("may be as large as the limit says, fields and body together, and no larger", async () => {
    const fields = JSON.stringify([["content-type", "text/plain;charset=UTF-8"]]).length;
    const room = limits.idempotentAnswerBytes - fields;
    const of = (bytes: number) =>
      server((c, commit) =>
        commit([insertOf(c)], () => new Response("\u00e4".repeat(bytes / 2) + "x".repeat(bytes % 2))),
      );
    const large = await of(room + 1)();
    expect([large.response.status, large.text]).toEqual([
      500,
      "an answer has no more than limits.idempotentAnswerBytes",
    ]);
    expect([count("notes"), count("trefoil_idempotency")]).toEqual([0, 0]);
    expect((await of(room)()).response.status).toBe(200);
  });
});

describe("a handler that breaks the rules is told so", () => {
  const broken: readonly [string, Handler, string, number][] = [
    [
      "writes past commit()",
      async (c) => (await insertOf(c).run(), c.text("done")),
      "all that a handler with keys writes goes through commit()",
      1,
    ],
    [
      "writes before commit()",
      async (c, commit) => (await insertOf(c, "before").run(), store(c, commit)),
      "all that a handler with keys writes goes through commit()",
      1,
    ],
    [
      "writes after commit()",
      async (c, commit) => {
        const answer = await store(c, commit);
        await insertOf(c, "after").run();
        return answer;
      },
      "all that a handler with keys writes goes through commit()",
      2,
    ],
    [
      "commits twice",
      async (c, commit) => (await store(c, commit), commit([insertOf(c, "b")], (id) => answerOf(c, id))),
      "a handler commits once",
      1,
    ],
    [
      "answers something else",
      async (c, commit) => (await store(c, commit), c.text("mine")),
      "a handler returns what commit() has given",
      1,
    ],
    [
      "answers that it has failed",
      (c, commit) => commit([insertOf(c)], () => c.text("no", 503)),
      "an answer that says that the server failed is not for keeping",
      0,
    ],
    [
      "answers with bytes that are no text",
      (c, commit) => commit([insertOf(c)], () => new Response(new Uint8Array([0xff]))),
      "The encoded data was not valid for encoding utf-8",
      0,
    ],
  ];

  it.each(broken)("when it %s", async (_, handler, message, stored) => {
    const { response, text } = await server(handler)();
    expect([response.status, text]).toEqual([500, message]);
    expect(count("notes")).toBe(stored);
  });

  it("but not when it reads", async () => {
    const ask = server(async (c, commit) => {
      await c.env.DB.prepare("select 1").run();
      return store(c, commit);
    });
    expect((await ask()).response.status).toBe(201);
  });
});

it("the id is that of the last row inserted, also after other statements and for drizzle's queries", async () => {
  const query = { toSQL: () => ({ sql: "insert into notes (text) values (?)", params: ["drizzle"] }) };
  const ask = server((c, commit) =>
    commit([insertOf(c), query, c.env.DB.prepare("update notes set text = upper(text) where id = 1")], (id) =>
      c.json({ id, again: [id, `${id}`] }),
    ),
  );
  expect((await ask()).text).toBe('{"id":2,"again":[2,"2"]}');
  expect(pair.rows("select text from notes order by id")).toEqual([["NOTE"], ["drizzle"]]);
});
