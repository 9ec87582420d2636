import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../shared/kernel/limits.ts";
import { startSite, type TestSite } from "../support/site.ts";
import { readFrom, sqlClient } from "../support/sql-client/worker.ts";

const servers = ["a", "b", "c"];

let site: TestSite;
beforeAll(async () => {
  site = await startSite({ add: [sqlClient] });
  // The first request makes the schema.
  await site.fetch("/posts");
});
afterEach(() => site.clearFaults());
afterAll(() => site.close());

interface Post {
  readonly title: string;
  readonly key: string;
  readonly path?: string;
  readonly cookie?: string;
}

/** Posts to exactly this server, past the front. */
const postTo = (server: string, { title, key, path = "/api/posts", cookie }: Post) =>
  site.worker(`origin-${server}`).fetch(`${site.url.origin}${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": `"${key}"`, ...(cookie && { Cookie: cookie }) },
    body: JSON.stringify({ title, body: "A text." }),
  });

/** The posts of this title at the primary. */
const stored = (title: string) => readFrom(site, "db-1", `select id from posts where title = '${title}'`);

type Answer = Awaited<ReturnType<typeof postTo>>;
const idOf = async (response: Answer) => ((await response.json()) as { id: number }).id;
const isReplay = ({ headers }: Answer) => headers.get("Idempotent-Replayed") === "true";

describe("a post with a key, whose answer is lost after the commit", () => {
  it("is answered by any other server as the first one did, and is there once", async () => {
    const post = { title: "Lost", key: "lost" };
    await site.fault({ target: "origin-a", fault: "abort" });
    const lost = await postTo("a", post);
    await expect(lost.text()).rejects.toThrow(/./);
    await site.clearFaults();
    const [[id] = []] = await stored("Lost");
    for (const server of ["b", "c", "a"]) {
      const again = await postTo(server, post);
      expect([again.status, again.headers.get("Location")]).toEqual([201, `/api/posts/${String(id)}`]);
      expect(isReplay(again)).toBe(true);
      expect(await again.json()).toMatchObject({ id, title: "Lost", body: "A text." });
    }
    expect(await stored("Lost")).toHaveLength(1);
  });

  it("is the same to the byte, also after the primary has lost its memory", async () => {
    const post = { title: "Restart", key: "restart" };
    const first = await (await postTo("a", post)).text();
    await site.fault({ target: "db-1", fault: "abort" });
    expect(await (await postTo("b", post)).text()).toBe(first);
    expect(await stored("Restart")).toHaveLength(1);
  });

  it("can be read by who got the second answer, while the replicas are behind", async () => {
    const post = { title: "Behind", key: "behind" };
    for (const target of ["db-2", "db-3"]) await site.fault({ target, fault: "partition", peers: ["db-1"] });
    const id = await idOf(await postTo("a", post));
    const again = await postTo("b", post);
    const cookie = again.headers.getSetCookie().find((line) => line.startsWith("trefoil_bookmark="));
    const url = `${site.url.origin}/api/posts/${id}`;
    const read = await site.worker("origin-c").fetch(url, { headers: { Cookie: cookie ?? "" } });
    expect(read.status).toBe(200);
  });
});

it("many of one key at once, at all servers, are one post", async () => {
  const posts = Array.from({ length: 12 }, (_, at) =>
    postTo(servers[at % 3] ?? "a", { title: "At once", key: "once" }),
  );
  const answers = await Promise.all(posts);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
  expect(answers.filter((answer) => !isReplay(answer))).toHaveLength(1);
  expect(new Set(await Promise.all(answers.map(idOf))).size).toBe(1);
  expect(await stored("At once")).toHaveLength(1);
});

it("each of many that come again until they are answered is there once, though answers are lost and the primary is aborted", async () => {
  const titles = Array.from({ length: 90 }, (_, at) => `Stubborn ${at}`);
  let [left, replays] = [titles.length, 0];
  /** The id that the answer gives; `null` where it breaks off, or there is none. */
  const tryAt = async (server: string, title: string) => {
    const answer = await postTo(server, { title, key: title });
    const id = answer.status === 201 ? await idOf(answer).catch(() => null) : null;
    if (id !== null && isReplay(answer)) replays += 1;
    return id;
  };
  const untilAnswered = async (title: string, first: number) => {
    let id: number | null = null;
    for (let at = first; id === null; at += 1) id = await tryAt(servers[at % 3] ?? "a", title);
    left -= 1;
    return id;
  };
  await site.fault({ target: "origin-a", fault: "abort" });
  const answered = Promise.all(titles.map(untilAnswered));
  while (left > 0) await site.fault({ target: "db-1", fault: "abort" });
  const ids = await answered;
  // What origin-a was asked first was committed there, and answered by another one.
  expect(replays).toBeGreaterThan(0);
  const rows = await readFrom(site, "db-1", "select title, id from posts where title like 'Stubborn %' order by id");
  const byId = titles
    .map((title, at) => [title, ids[at]] as const)
    .toSorted(([, one = 0], [, other = 0]) => one - other);
  expect(rows).toEqual(byId);
});

describe("the front", () => {
  const post = (title: string, headers: Record<string, string>) =>
    site.fetch("/api/posts", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify({ title, body: "A text." }),
    });

  /** The server does its work, and what it says does not arrive. */
  const loseAnswersOf = (target: string) =>
    site.fault({ target, fault: "partition", peers: ["front"], direction: "out" });

  it("sends a post with a key again when its answer is lost, and the client gets that answer", async () => {
    await loseAnswersOf("origin-a");
    const answers = [];
    for (const key of ["1", "2", "3"]) answers.push(await post("Sent again", { "Idempotency-Key": `"front ${key}"` }));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    // Whose turn it was first has committed it.
    expect(answers.filter(isReplay)).toHaveLength(1);
    const rows = await readFrom(site, "db-1", "select id from posts where title = 'Sent again' order by id");
    const ids = await Promise.all(answers.map(idOf));
    expect(ids.toSorted((one, other) => one - other)).toEqual(rows.flat());
  });

  it("sends a post without a key only once", async () => {
    await loseAnswersOf("origin-a");
    const statuses = [];
    for (let at = 0; at < 3; at += 1) statuses.push((await post("Sent once", {})).status);
    expect(statuses.toSorted((one, other) => one - other)).toEqual([201, 201, 502]);
    expect(await stored("Sent once")).toHaveLength(3);
  });

  it("may lose every answer of a post with a key: it is there once, and the client's own second try is answered", async () => {
    for (const target of ["origin-a", "origin-b", "origin-c"]) await loseAnswersOf(target);
    const headers = { "Idempotency-Key": '"all"' };
    expect((await post("All lost", headers)).status).toBeGreaterThanOrEqual(502);
    await site.clearFaults();
    const answer = await post("All lost", headers);
    expect([answer.status, isReplay(answer)]).toEqual([201, true]);
    expect(await stored("All lost")).toHaveLength(1);
  });
});

describe("a key", () => {
  it("with another request is refused by any server: 422, and nothing is written", async () => {
    await postTo("a", { title: "One", key: "two requests" });
    const other = await postTo("b", { title: "Two", key: "two requests" });
    expect(other.status).toBe(422);
    expect(await other.json()).toMatchObject({ error: { code: "idempotency-key-reused" } });
    expect(await stored("Two")).toEqual([]);
  });

  it("that is none is refused: 400", async () => {
    const answer = await postTo("a", { title: "Malformed", key: "x".repeat(limits.idempotencyKeyLength + 1) });
    expect(answer.status).toBe(400);
    expect(await stored("Malformed")).toEqual([]);
  });

  it("of one visitor is not that of another", async () => {
    const [cookie, other] = ["trefoil_session=ada", "trefoil_session=bob"];
    const ids = [];
    for (const visitor of [{ cookie }, { cookie: other }, {}, { cookie }])
      ids.push(await idOf(await postTo("a", { title: "Visitors", key: "the same", ...visitor })));
    expect(new Set(ids).size).toBe(3);
    expect(ids[3]).toBe(ids[0]);
  });

  it("expires after its time, by the clock of the server that is asked", async () => {
    const post = { title: "Expired", key: "expired" };
    const first = await idOf(await postTo("a", post));
    await site.fault({ target: "origin-b", fault: "clock", ms: limits.idempotencyKeyMs - 60_000 });
    expect(await idOf(await postTo("b", post))).toBe(first);
    await site.fault({ target: "origin-b", fault: "clock", ms: limits.idempotencyKeyMs });
    expect(await idOf(await postTo("b", post))).not.toBe(first);
    expect(await stored("Expired")).toHaveLength(2);
  });

  it("is as good as new when the input was wrong, or the primary was away", async () => {
    const key = "new";
    expect((await postTo("a", { title: "", key })).status).toBe(400);
    const post = { title: "At last", key };
    await site.fault({ target: "db-1", fault: "down" });
    expect((await postTo("a", post)).status).toBe(503);
    await site.clearFaults();
    const answer = await postTo("b", post);
    expect([answer.status, isReplay(answer)]).toEqual([201, false]);
    expect(await stored("At last")).toHaveLength(1);
  });

  it("of a comment on a post that does not exist is as good as new", async () => {
    const comment = { title: "", key: "comment" };
    const missing = await postTo("a", { ...comment, path: "/api/posts/999999999/comments" });
    expect(missing.status).toBe(404);
    const id = await idOf(await postTo("a", { title: "Commented", key: "commented" }));
    const path = `/api/posts/${id}/comments`;
    const [first, again] = [await postTo("a", { ...comment, path }), await postTo("b", { ...comment, path })];
    expect(first.status).toBe(201);
    expect(await again.json()).toEqual(await first.json());
    expect(await readFrom(site, "db-1", `select count(*) from comments where post_id = ${id}`)).toEqual([[1]]);
  });
});
