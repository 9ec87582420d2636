import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../shared/kernel/limits.ts";
import { startSite, type TestSite } from "../support/site.ts";
import { cookieOf, visit } from "../support/visitor.ts";

let site: TestSite;
let visitor: ReturnType<typeof visit>;

beforeAll(async () => {
  site = await startSite();
  visitor = visit(site);
});
afterAll(() => site.close());

describe("the pages", () => {
  it("show what the form stored, to him who stored it, as text and not as markup", async () => {
    const title = `<script>alert("1")</script> & 'more'`;
    const stored = await visitor.submit("/posts", { title, body: "</p><img src=x onerror=alert(1)>\r\nsecond line" });
    expect(stored.status).toBe(303);
    const location = stored.headers.get("Location") ?? "";
    expect(location).toMatch(/^\/posts\/\d+$/);
    for (const path of [location, "/posts"]) {
      const page = await visitor.get(path, { Cookie: cookieOf(stored) });
      const html = await page.text();
      expect(html).toContain("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;more&#39;");
      expect(html).toContain("&lt;/p&gt;&lt;img src=x onerror=alert(1)&gt;");
      expect(html).not.toMatch(/<script|<img src=x/);
      expect(page.headers.get("Content-Security-Policy")).toMatch(/^default-src 'none'; style-src 'self';/);
      expect(page.headers.get("X-Content-Type-Options")).toBe("nosniff");
    }
  });

  it("take a comment, and show it with its post", async () => {
    const { post: commented } = await visitor.written("To be commented");
    const stored = await visitor.submit(`/posts/${commented.id}/comments`, { body: "I <3 this" });
    expect(stored.status).toBe(303);
    expect(stored.headers.get("Location")).toBe(`/posts/${commented.id}#comments`);
    const page = await visitor.get(`/posts/${commented.id}`, { Cookie: cookieOf(stored) });
    expect(await page.text()).toContain("I &lt;3 this");
  });

  it("give a refused form back as it was filled in, with the reason at the field", async () => {
    const response = await visitor.submit("/posts", { title: "", body: `kept "<text>"` });
    expect(response.status).toBe(400);
    const html = await response.text();
    expect(html).toContain('aria-invalid="true" aria-describedby="title-error"');
    expect(html).toContain("The title is missing.");
    expect(html).toContain("kept &quot;&lt;text&gt;&quot;</textarea>");
    const { post: commented, cookie } = await visitor.written("To be commented");
    const own = { Origin: site.url.origin, Cookie: cookie };
    const comment = await visitor.submit(`/posts/${commented.id}/comments`, { body: "" }, own);
    expect(comment.status).toBe(400);
    expect(await comment.text()).toContain("The comment is missing.");
  });

  it.each(["multipart/form-data", "multipart/form-data; boundary=none"])(
    "refuse a form that cannot be read: %s",
    async (type) => {
      const init = { method: "POST", headers: { "Content-Type": type, Origin: site.url.origin }, body: "title=x" };
      const response = await site.fetch("/posts", init);
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining("The title is missing.")]);
    },
  );

  it("show the beginning of a long text, and never half a character", async () => {
    const stored = await visitor.submit("/posts", { title: "Tea", body: `x${"🍵".repeat(200)}` });
    const page = await (await visitor.get("/posts", { Cookie: cookieOf(stored) })).text();
    expect(page).toContain(`>x${"🍵".repeat(139)} …<`);
  });

  it("lead on to older posts", async () => {
    for (let at = 0; at <= limits.postsPerPage; at++) await visitor.written(`Page ${at}`);
    const first = await (await visitor.get("/posts", { "Trefoil-Consistency": "primary" })).text();
    expect(first.match(/<article>/g)).toHaveLength(limits.postsPerPage);
    expect(first).not.toContain("Page 0<");
    const older = /href="(\/posts\?before=\d+)"/.exec(first)?.[1] ?? "";
    expect(await (await visitor.get(older, { "Trefoil-Consistency": "primary" })).text()).toContain("Page 0<");
  });

  it.each([
    ["another site's page", { Origin: "https://evil.example" }],
    ["a page without an origin", { Origin: "null" }],
    ["another site's page, as the browser says", { "Sec-Fetch-Site": "cross-site" }],
  ])("take no form from %s", async (_, headers) => {
    const response = await visitor.submit("/posts", { title: "Forged", body: "x" }, headers);
    expect(response.status).toBe(403);
    expect(await response.text()).toMatch(/<title>The form was sent from a page of another site\. · Trefoil<\/title>/);
    expect(response.headers.has("Content-Security-Policy")).toBe(true);
    expect(response.headers.getSetCookie()).toEqual([]);
    const list = await visitor.get("/api/posts?limit=100", { "Trefoil-Consistency": "primary" });
    expect(await list.text()).not.toContain("Forged");
  });

  it.each([
    ["the browser says is their own", { "Sec-Fetch-Site": "same-origin" }],
    ["comes from no browser, such as curl's", {}],
  ])("take a form that %s", async (_, headers) => {
    expect((await visitor.submit("/posts", { title: "Own", body: "x" }, headers)).status).toBe(303);
  });
});
