import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../shared/kernel/limits.ts";
import { startSite, type TestSite } from "../support/site.ts";
import { cookieOf, type Post, visit } from "../support/visitor.ts";

/** Text or a number that a test knows nothing more about. */
const someText: unknown = expect.any(String);
const someNumber: unknown = expect.any(Number);
/** Text that looks so. */
const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);

let site: TestSite;
let visitor: ReturnType<typeof visit>;

beforeAll(async () => {
  site = await startSite();
  visitor = visit(site);
});
afterAll(() => site.close());

describe("GET /api/whoami", () => {
  it("says which server answers, under which request id", async () => {
    const response = await visitor.get("/api/whoami");
    expect(await response.json()).toEqual({
      origin: like(/^[abc]$/),
      requestId: response.headers.get("X-Request-Id"),
    });
  });

  it("needs no database", async () => {
    for (const target of ["db-1", "db-2", "db-3"]) await site.fault({ target, fault: "down" });
    const response = await visitor.get("/api/whoami");
    await site.clearFaults();
    expect(response.status).toBe(200);
    expect(response.headers.has("X-Trefoil-Node")).toBe(false);
  });
});

describe("a post as JSON", () => {
  it("is given back when it is stored, and has an address", async () => {
    const response = await visitor.post("/api/posts", {
      title: " Tea & <b>milk</b> ",
      body: "First line\r\nsecond line 🍵",
    });
    expect(response.status).toBe(201);
    const stored = (await response.json()) as Post;
    expect(stored).toEqual({
      id: someNumber,
      title: "Tea & <b>milk</b>",
      body: "First line\nsecond line 🍵",
      createdAt: like(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    expect(response.headers.get("Location")).toBe(`/api/posts/${stored.id}`);
    const read = await visitor.get(`/api/posts/${stored.id}`, { Cookie: cookieOf(response) });
    expect(await read.json()).toEqual({ ...stored, comments: [] });
  });

  it("is the first of the list, which ends where it is told to", async () => {
    await visitor.written("Older");
    const { post: newest, cookie } = await visitor.written("Newest");
    const two = (await (await visitor.get("/api/posts?limit=2", { Cookie: cookie })).json()) as Post[];
    expect(two.map(({ title }) => title)).toEqual(["Newest", "Older"]);
    const before = await visitor.get(`/api/posts?limit=1&before=${newest.id}`, { Cookie: cookie });
    expect(((await before.json()) as Post[]).map(({ title }) => title)).toEqual(["Older"]);
  });

  it("shows the newest of its comments first", async () => {
    const { post: commented } = await visitor.written("Commented");
    for (const body of ["one", "two"]) {
      const response = await visitor.post(`/api/posts/${commented.id}/comments`, { body });
      expect(response.status).toBe(201);
      expect(await response.json()).toEqual({ id: someNumber, body, createdAt: someText });
    }
    const read = await visitor.get(`/api/posts/${commented.id}`, { "Trefoil-Consistency": "primary" });
    expect(((await read.json()) as Post).comments.map(({ body }) => body)).toEqual(["two", "one"]);
  });

  it(`shows ${limits.commentsShown} comments and no more`, async () => {
    const { post: popular } = await visitor.written("Popular");
    const one = () => visitor.post(`/api/posts/${popular.id}/comments`, { body: "Me too." });
    await Promise.all(Array.from({ length: limits.commentsShown + 1 }, one));
    const read = await visitor.get(`/api/posts/${popular.id}`, { "Trefoil-Consistency": "primary" });
    expect(((await read.json()) as Post).comments).toHaveLength(limits.commentsShown);
  });

  it("may be as long as the limits say", async () => {
    const longest = { title: "ж".repeat(limits.postTitleLength), body: "€".repeat(limits.postBodyLength) };
    expect(await (await visitor.post("/api/posts", longest)).json()).toMatchObject(longest);
    const { post: commented } = await visitor.written("Commented");
    const comment = await visitor.post(`/api/posts/${commented.id}/comments`, {
      body: "€".repeat(limits.commentLength),
    });
    expect(comment.status).toBe(201);
  });
});

describe("input that is not as it must be", () => {
  const text = "x";

  it.each([
    ["no title", { body: text }, "title", "The title is missing."],
    ["no text", { title: text }, "body", "The text is missing."],
    ["an empty title", { title: " \t ", body: text }, "title", "The title is missing."],
    ["a number for a title", { title: 5, body: text }, "title", "The title is not text."],
    ["a text that is null", { title: text, body: null }, "body", "The text is not text."],
    [
      "a long title",
      { title: "x".repeat(limits.postTitleLength + 1), body: text },
      "title",
      /more than 200 characters/,
    ],
    ["a long text", { title: text, body: "x".repeat(limits.postBodyLength + 1) }, "body", /more than 10000 characters/],
    ["a control character", { title: "a\u0000b", body: text }, "title", /characters that are not text/],
    ["half a character", { title: "\ud83c", body: text }, "title", /characters that are not text/],
    ["a text", '"x"', "", "A post is an object with a title and a body."],
    ["null", null, "", "A post is an object with a title and a body."],
    ["text that is not JSON", "{", "", "The body is not JSON."],
    ["nothing", "", "", "The body is not JSON."],
  ])("is refused with the field and the reason: %s", async (_, body, path, message) => {
    const response = await visitor.post("/api/posts", body);
    expect(response.status).toBe(400);
    const issues = [{ path, message: typeof message === "string" ? message : like(message) }];
    expect(await response.json()).toEqual({ error: { code: "bad-request", message: someText, issues } });
  });

  it("names every field that is wrong", async () => {
    const { error } = (await (await visitor.post("/api/posts", {})).json()) as {
      error: { issues: { path: string }[] };
    };
    expect(error.issues.map(({ path }) => path)).toEqual(["title", "body"]);
  });

  it("is refused in a comment", async () => {
    const { post: commented } = await visitor.written("Commented");
    const path = `/api/posts/${commented.id}/comments`;
    expect((await visitor.post(path, { body: "" })).status).toBe(400);
    expect((await visitor.post(path, { body: "x".repeat(limits.commentLength + 1) })).status).toBe(400);
  });

  it.each(["0", "-1", "1.5", "x", "", `${limits.postsListed + 1}`, "9".repeat(30)])(
    "is refused as a limit: %j",
    async (limit) => {
      const response = await visitor.get(`/api/posts?limit=${limit}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { code: "bad-request", issues: [{ path: "limit" }] } });
    },
  );

  it("is taken up to the bound", async () => {
    expect((await visitor.get(`/api/posts?limit=${limits.postsListed}`)).status).toBe(200);
    expect((await visitor.get(`/api/posts?before=${Number.MAX_SAFE_INTEGER}`)).status).toBe(200);
    expect((await visitor.get(`/api/posts?before=${Number.MAX_SAFE_INTEGER + 1}`)).status).toBe(400);
  });

  it("is refused at once when it is too large", async () => {
    const response = await visitor.post("/api/posts", { title: text, body: "x".repeat(limits.appBodyBytes) });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { code: "body-too-large" } });
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "application/jsonp"])(
    "is refused as %s, which a form of another site can send",
    async (type) => {
      const response = await visitor.post(
        "/api/posts",
        { title: text, body: text },
        { "Content-Type": type, Origin: site.url.origin },
      );
      expect(response.status).toBe(415);
      expect(await response.json()).toMatchObject({ error: { code: "unsupported-media-type" } });
    },
  );
});

describe("what does not exist", () => {
  it.each([
    "/api/posts/999999999",
    "/api/posts/0",
    "/api/posts/x",
    "/api/posts/1e3",
    `/api/posts/${"9".repeat(40)}`,
    "/api/none",
  ])("is a 404 in JSON under /api/: %s", async (path) => {
    const response = await visitor.get(path);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: { code: "not-found", message: someText, issues: [] } });
  });

  it.each(["/posts/999999999", "/posts/x", "/none"])("is a 404 page elsewhere: %s", async (path) => {
    const response = await visitor.get(path);
    expect(response.status).toBe(404);
    expect(await response.text()).toMatch(/<h1>There is no/);
  });

  it("takes no comments", async () => {
    expect((await visitor.post("/api/posts/999999999/comments", { body: "Hello?" })).status).toBe(404);
    expect((await visitor.submit("/posts/999999999/comments", { body: "Hello?" })).status).toBe(404);
  });
});
