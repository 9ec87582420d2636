import fc from "fast-check";
import { expect, it } from "vitest";
import { redirectionOf } from "../../../shared/http/route-redirect.ts";

const leads = (to: string, target: string) =>
  redirectionOf({ to, status: 302 }, new URL(`http://site.test${target}`)).location;

it("leads to a place, with the path and query of the request where it says so", () => {
  expect(redirectionOf({ to: "https://example.com/", status: 308 }, { pathname: "/a", search: "" })).toEqual({
    status: 308,
    location: "https://example.com/",
  });
  expect(leads("https://www.example.com{path}", "/a/b?x=1&y=2")).toBe("https://www.example.com/a/b?x=1&y=2");
  expect(leads("/new{path}", "/a?x")).toBe("/new/a?x");
  expect(leads("{path}#top", "/a")).toBe("/a#top");
});

it("puts path and query into a query as one value", () => {
  expect(leads("/login?next={path}", "/a?x=1&y=2")).toBe("/login?next=%2Fa%3Fx%3D1%26y%3D2");
});

it("takes nothing of the path for more than text", () => {
  expect(leads("/new{path}", "/$&/$1/{path}")).toBe("/new/$&/$1/%7Bpath%7D");
});

it("never leads to another host than the configuration names", () => {
  const hostile = fc.oneof(
    fc.constantFrom(
      "//evil.test",
      "/\\evil.test",
      "///evil.test/%2e%2e",
      "/%0d%0aX: 1",
      "//evil.test:80@x/",
      "/\t/evil.test",
    ),
    fc
      .array(fc.constantFrom("/", "\\", "evil.test", "@", ":", "%2f", "%5c", "?", "#", "\t", ".", ".."), {
        maxLength: 12,
      })
      .map((parts) => `/${parts.join("")}`),
  );
  fc.assert(
    fc.property(
      hostile,
      fc.constantFrom("{path}", "/{path}", "/new{path}", "https://example.com{path}", "/x?to={path}"),
      (target, to) => {
        fc.pre(URL.canParse(`http://site.test${target}`));
        const location = leads(to, target);
        const { host } = new URL(location, "http://site.test/here");
        expect(host).toBe(to.startsWith("https") ? "example.com" : "site.test");
        expect(location).toMatch(/^[\x21-\x7e]+$/);
      },
    ),
    { numRuns: 1000 },
  );
});
