import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { mockOrigins } from "../support/mock-origin/workers.ts";
import { startSite, type TestSite } from "../support/site.ts";

const requestId = "story-9";

const ask = async (
  site: TestSite,
  path: string,
  accept: string | null,
  init: Parameters<TestSite["fetch"]>[1] = {},
) => {
  const headers = { "X-Request-Id": requestId, Accept: accept ?? "*/*", ...init.headers };
  const response = await site.fetch(path, { ...init, headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
};

const html = "text/html; charset=utf-8";
const json = "application/json";
const text = "text/plain; charset=utf-8";

describe("the front's own answers", () => {
  let site: TestSite;

  beforeAll(async () => {
    site = await startSite({ replace: mockOrigins });
  });

  afterAll(() => site.close());

  const down = "/?a=throw&b=throw&c=throw";

  it.each([
    ["RFC 9209 2.3.1", "every server fails", down, "GET", 503, "destination_unavailable"],
    [
      "RFC 9209 2.3.9",
      "the server fails, and it may have run",
      "/?a=throw&b=throw&c=throw",
      "POST",
      502,
      "connection_terminated",
    ],
    ["RFC 9209 2.3.30", "an admin page without a credential", "/_trefoil/", "GET", 401, "http_request_denied"],
    ["RFC 9209 2.3.24", "a path that is not there", "/dns-query", "GET", 404, "http_request_error"],
    ["RFC 9209 2.3.24", "a method that is not served", "/_trefoil/livez", "POST", 405, "http_request_error"],
  ])("say by Proxy-Status that they are, and why: %s %s", async (_clause, _what, path, method, status, error) => {
    const got = await ask(site, path, null, method === "POST" ? { method, body: "x" } : { method });
    expect([got.status, got.headers.get("Proxy-Status")]).toEqual([status, `trefoil; error=${error}`]);
    expect([got.headers.get("Cache-Control"), got.headers.get("X-Request-Id")]).toEqual(["no-store", requestId]);
  });

  it.each([
    [null, html],
    ["text/html,application/xhtml+xml,*/*;q=0.8", html],
    ["application/json", json],
    ["application/json, text/plain, */*", json],
    ["text/plain", text],
    ["image/webp", text],
    ["text/html;q=0.1, text/plain;q=0.2", text],
  ])("come in the form that Accept prefers (RFC 9110 12.5.1): %s", async (accept, type) => {
    const got = await ask(site, down, accept);
    expect([got.status, got.headers.get("Content-Type")]).toEqual([503, type]);
    expect(got.text).toContain("None of its servers can answer right now.");
  });

  it("say when to come again (RFC 9110 10.2.3)", async () => {
    expect((await ask(site, down, null)).headers.get("Retry-After")).toBe("5");
  });

  it("are not those of a server: its errors are its own", async () => {
    const got = await ask(site, "/?a=500&b=500&c=500", "application/json");
    expect([got.status, got.headers.get("Proxy-Status")]).toEqual([500, null]);
    expect(got.text).toMatch(/^origin . says 500$/);
  });
});

describe("a site's own error pages", () => {
  let site: TestSite;

  beforeAll(async () => {
    site = await startSite({ replace: mockOrigins, bundles: inject("shortBundles") });
  });

  afterAll(() => site.close());

  it.each([
    ["text/html", html, "<h1>Back soon</h1>"],
    ["application/json", json, '{"problem":"no-server","id":"story-9"}'],
    ["text/plain", text, "503: None of its servers can answer right now. Please try again in a moment."],
  ])("take the place of the front's, by status: %s", async (accept, type, body) => {
    const got = await ask(site, "/?a=throw&b=throw&c=throw", accept);
    expect([got.status, got.headers.get("Content-Type"), got.text]).toEqual([503, type, body]);
  });

  it("may be one for all, where there is none for the status", async () => {
    const got = await ask(site, "/hasty?a=hang&b=hang&c=hang", "text/html");
    expect(got.status).toBe(504);
    expect(got.text).toBe(
      "<h1>504 The server takes too long</h1><p>It has not answered in time. What you asked for may still be going on.</p><i>story-9</i>",
    );
  });

  it("leave the front's own form where they have none of it", async () => {
    const got = await ask(site, "/hasty?a=hang&b=hang&c=hang", "application/json");
    expect(JSON.parse(got.text)).toMatchObject({ error: { code: "deadline-exceeded" } });
    expect(got.headers.get("Proxy-Status")).toBe("trefoil; error=http_response_timeout");
  });

  it("are not for Trefoil's own paths", async () => {
    expect(JSON.parse((await ask(site, "/_trefoil/", "application/json")).text)).toMatchObject({
      error: { code: "unauthorized" },
    });
  });
});
