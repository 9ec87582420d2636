import { expect, it } from "vitest";
import { type Problem, renderProblem } from "../../../shared/http/problem.ts";

const problem: Problem = {
  code: "no-server",
  title: "Out of <order>",
  message: 'Nobody\'s "there" & so on.',
  command: "npm start",
};

it("is a page for a browser and for whoever does not say", () => {
  for (const accept of ["text/html,application/xhtml+xml,*/*;q=0.8", "text/html, application/json", "*/*", "", null]) {
    const { status, contentType, body } = renderProblem(problem, accept, "r-1");
    expect([status, contentType, body.startsWith("<!doctype html>")]).toEqual([503, "text/html; charset=utf-8", true]);
  }
});

it("is JSON for a program that asks for JSON and not for HTML", () => {
  for (const accept of ["application/json", "application/problem+json, */*", "Application/JSON;q=0.9"]) {
    const { status, contentType, body } = renderProblem(problem, accept, "r-1");
    expect([status, contentType]).toEqual([503, "application/json"]);
    expect(JSON.parse(body)).toEqual({ error: { code: "no-server", message: `${problem.message} npm start` } });
  }
});

it("escapes everything on the page", () => {
  const { body } = renderProblem(problem, null, '<r&"1">');
  expect(body).toContain("<h1>Out of &lt;order&gt;</h1>");
  expect(body).toContain("<p>Nobody&#39;s &quot;there&quot; &amp; so on.</p>");
  expect(body).toContain("<code>&lt;r&amp;&quot;1&quot;&gt;</code>");
});
