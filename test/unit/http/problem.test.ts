import { describe, expect, it } from "vitest";
import { type Problem, renderProblem } from "../../../shared/http/problem.ts";

const problem: Problem = {
  code: "no-server",
  title: "Out of <order>",
  message: 'Nobody\'s "there" & so on.',
  command: "npm start",
};

const html = "text/html; charset=utf-8";
const json = "application/json";
const text = "text/plain; charset=utf-8";

describe("an error is told in the form that the client prefers (RFC 9110 12.5.1)", () => {
  it.each([
    [null, html],
    ["", html],
    ["*/*", html],
    ["text/html,application/xhtml+xml,*/*;q=0.8", html],
    ["text/html, application/json", html],
    ["text/*", html],
    ["application/json", json],
    ["Application/JSON;q=0.9", json],
    ["application/json, text/plain, */*", json],
    ["application/problem+json, */*", json],
    ["text/html;q=0.5, application/json", json],
    ["text/html;q=0, */*", json],
    ["text/plain", text],
    ["text/plain, text/html;q=0.9", text],
    ["text/plain;charset=utf-8", text],
    ["image/avif,image/webp", text],
    ["*/*;q=0", text],
  ])("%s", (accept, contentType) => {
    expect(renderProblem(problem, accept, "r-1", {})).toMatchObject({ status: 503, contentType });
  });

  it("as a page, where everything is escaped", () => {
    const { body } = renderProblem(problem, null, '<r&"1">', {});
    expect(body).toMatch(/^<!doctype html>/);
    expect(body).toContain("<h1>Out of &lt;order&gt;</h1>");
    expect(body).toContain("<p>Nobody&#39;s &quot;there&quot; &amp; so on.</p>");
    expect(body).toContain("<code>&lt;r&amp;&quot;1&quot;&gt;</code>");
  });

  it("as JSON", () => {
    const { body } = renderProblem(problem, json, "r-1", {});
    expect(JSON.parse(body)).toEqual({ error: { code: "no-server", message: `${problem.message} npm start` } });
  });

  it("as plain text", () => {
    const { body } = renderProblem(problem, "text/plain", "r-1", {});
    expect(body).toBe('503 Out of <order>\n\nNobody\'s "there" & so on. npm start\n\nRequest r-1\n');
  });
});

describe("a site's own page", () => {
  const pages = {
    default: { html: "<p title='{{title}}'>{{status}} {{message}} {{requestId}}</p>" },
    "503": { json: '{"code":"{{code}}","title":"{{title}}"}', text: "{{code}}: {{title}}" },
  };
  const body = (accept: string, code: Problem["code"] = "no-server") =>
    renderProblem({ ...problem, title: `"a" \\ <b> {{message}}`, code }, accept, "r-1", pages).body;

  it("takes the place of the front's own, that of the status before the one for all", () => {
    expect(body("text/html", "server-failed")).toContain("502 Nobody&#39;s");
    expect(body("text/plain")).toBe(`no-server: "a" \\ <b> {{message}}`);
    expect(body("text/plain", "server-failed")).toMatch(/^502 /);
  });

  it("holds what is put in as text and nothing else", () => {
    expect(body("text/html")).toBe(
      "<p title='&quot;a&quot; \\ &lt;b&gt; {{message}}'>503 Nobody&#39;s &quot;there&quot; &amp; so on. r-1</p>",
    );
    expect(JSON.parse(body("application/json"))).toEqual({ code: "no-server", title: `"a" \\ <b> {{message}}` });
  });
});
