import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readRedirects } from "../../../shared/http/redirects-file.ts";
import { compileRedirects, type FindRedirect } from "../../../shared/http/redirects.ts";
import { limits } from "../../../shared/kernel/limits.ts";

/** The redirects of a file that must be right. */
function redirectsOf(text: string): FindRedirect {
  const read = readRedirects(text);
  if (!read.ok) throw new Error(read.problems.join("\n"));
  return compileRedirects(read.redirects);
}

/** Where a file sends a path with its query: status and location, or nothing. */
function sent(text: string, path: string): string | null {
  const [, pathname = "", search = ""] = /^([^?]*)(.*)$/.exec(path) ?? [];
  const found = redirectsOf(text)(pathname, search);
  return found === null ? null : `${found.status} ${found.location}`;
}

const problemsOf = (text: string): readonly string[] => {
  const read = readRedirects(text);
  return read.ok ? [] : read.problems;
};

describe("a rule sends", () => {
  it.each([
    ["a path", "/old /new", "/old", "302 /new"],
    ["with the status that it says", "/old /new 301", "/old", "301 /new"],
    ["with 303", "/old /new 303", "/old", "303 /new"],
    ["with 307", "/old /new 307", "/old", "307 /new"],
    ["with 308", "/old /new 308", "/old", "308 /new"],
    ["to another site", "/old https://example.com/new 301", "/old", "301 https://example.com/new"],
    ["to a host alone", "/old http://127.0.0.1:8787", "/old", "302 http://127.0.0.1:8787"],
    ["the root", "/ /start", "/", "302 /start"],
    ["other spellings of the path", "/old /new", "//ol%64", "302 /new"],
    ["a path that is spelled otherwise itself", "/gr%C3%BCn /new", "/gr%c3%bcn", "302 /new"],
    ["a path beyond ASCII, to one", "/grün /blau/süß", "/gr%C3%BCn", "302 /blau/s%C3%BC%C3%9F"],
    ["whatever stands for the splat", "/blog/* /news/:splat", "/blog/2026/11/a", "302 /news/2026/11/a"],
    ["also nothing", "/blog/* /news/:splat", "/blog/", "302 /news/"],
    ["everything", "/* https://example.com/:splat 301", "/a/b.html?c=1", "301 https://example.com/a/b.html?c=1"],
    ["a splat in the middle", "/a/*/z /z/:splat", "/a/b/c/z", "302 /z/b/c"],
    ["a splat without a place to go", "/a/* /b", "/a/x", "302 /b"],
    ["a splat twice", "/a/* /:splat/:splat", "/a/x", "302 /x/x"],
    ["what stands for placeholders", "/u/:id/:tab /:tab/of/:id", "/u/7/log", "302 /log/of/7"],
    ["a placeholder with an end", "/:name.html /:name", "/a.html", "302 /a"],
    ["a name that is the beginning of another", "/:a/:ab /:ab/:a", "/1/2", "302 /2/1"],
    ["a name that objects have", "/:constructor /x/:constructor", "/1", "302 /x/1"],
    ["a placeholder and a splat", "/:lang/docs/* /:splat?lang=:lang", "/de/docs/a/b", "302 /a/b?lang=de"],
    ["a placeholder that is called splat", "/:splat /x/:splat", "/a", "302 /x/a"],
    ["text that looks like a placeholder", "/a /Talk:Main", "/a", "302 /Talk:Main"],
    ["a value that needs encoding", "/s/* /?q=:splat", "/s/a%26b%3Fc%23d%20e", "302 /?q=a%26b%3Fc%23d%20e"],
    ["with the query", "/old /new", "/old?a=1&b=%2F", "302 /new?a=1&b=%2F"],
    ["with the query of its own", "/old /new?x=1", "/old?a=1", "302 /new?x=1"],
    ["with the query before the fragment", "/old /new#part", "/old?a=1", "302 /new?a=1#part"],
    ["with a fragment that has a question mark", "/old /new#what?", "/old?a=1", "302 /new?a=1#what?"],
    ["by the first that fits", "/a/b /1\n/a/* /2\n/* /3", "/a/b", "302 /1"],
    ["by the first, also if it has a wildcard", "/a/* /2\n/a/b /1", "/a/b", "302 /2"],
    ["by one below that fits", "/b/* /2\n/a/b /1\n/* /3", "/a/b", "302 /1"],
    ["though another leads to where it is", "/* /closed 307", "/a", "307 /closed"],
    ["by the next if the first leads to where it is", "/* /closed 307\n/closed /open", "/closed", "302 /open"],
    ["a dot as a dot", "/a.b /new\n/a*c+d /plus", "/axc+d", "302 /plus"],
  ])("%s", (_, text, path, to) => expect(sent(text, path)).toBe(to));
});

describe("no rule sends", () => {
  it.each([
    ["another path", "/old /new", "/older"],
    ["one with a slash more", "/old /new", "/old/"],
    ["one in other letters", "/old /new", "/OLD"],
    ["what is before the splat", "/blog/* /news/:splat", "/blog"],
    ["a placeholder that is empty", "/u/:id /x", "/u/"],
    ["a placeholder of two segments", "/u/:id /x", "/u/1/2"],
    ["a dot that is another letter", "/a.b /new", "/axb"],
    ["what is no path of a file", "/* /new", "/a%2Fb"],
    ["what is not UTF-8", "/* /new", "/%ff"],
    ["to where it is", "/* /closed 307", "/closed"],
    ["to where it is, with its query", "/a/* /a/:splat", "/a/x%20y?z"],
    ["anything where there is none", "# /a /b\n\n", "/a"],
  ])("%s", (_, text, path) => expect(sent(text, path)).toBeNull());
});

describe("a redirect of this site never leads to another one", () => {
  it.each([
    ["/x/* /:splat", "/x//evil.com", "302 /evil.com"],
    ["/x* /:splat", "/x/evil.com", "302 /evil.com"],
    ["/x* /:splat", "/x//evil.com/a", "302 /evil.com/a"],
    ["/x/* /:splat", "/x/%5Cevil.com", "302 /%5Cevil.com"],
    ["/x/* /:splat", "/x/%09/evil.com", "302 /%09/evil.com"],
    ["/x/:a /:a", "/x/%5C%5Cevil.com", "302 /%5C%5Cevil.com"],
    ["/x/* /a/:splat/b", "/x//", "302 /a/b"],
  ])("%s: %s", (text, path, to) => expect(sent(text, path)).toBe(to));

  it("whatever is asked", () => {
    const rules = ["/* /:splat/", "/x* /:splat", "/x/* /:splat", "/x/:a/:b /:b/:a", "/x/* /:splat:splat"];
    const path = fc.string({ unit: fc.constantFrom(..."x/\\%5C2F09.e@:") }).map((rest) => `/x${rest}`);
    fc.assert(
      fc.property(fc.constantFrom(...rules), path, (text, asked) => {
        const { pathname, search } = new URL(`https://site.test${asked}`);
        const found = redirectsOf(text)(pathname, search);
        if (found !== null) expect(new URL(found.location, "https://site.test/").host).toBe("site.test");
      }),
    );
  });
});

describe("a file", () => {
  it("may have comments, empty lines, and any white space", () => {
    const text = "# all\n\n  /a\t/b   301  # moved\r\n/c /d#e\r\n";
    expect(readRedirects(text)).toEqual({
      ok: true,
      redirects: [
        { from: "/a", to: "/b", status: 301 },
        { from: "/c", to: "/d#e", status: 302 },
      ],
    });
  });

  it.each([
    ["/a", "are expected"],
    ["/a /b 301 /c", "are expected"],
    ["a /b", "a is not a path"],
    ["https://x.com/a /b", "https://x.com/a is not a path"],
    ["/a?b=1 /b", "/a?b=1 is not a path"],
    ["/a%2Fb /b", "/a%2Fb is percent-encoded"],
    ["/a%zz /b", "/a%zz is percent-encoded"],
    ["/*/a/* /b", "two wildcards of the same name"],
    ["/:a/:a /b", "two wildcards of the same name"],
    ["/:splat/* /b", "two wildcards of the same name"],
    ["/:a-:b /c", "two wildcards between the same slashes"],
    ["/a*:b /c", "two wildcards between the same slashes"],
    ["/a //evil.com", "//evil.com is neither a path"],
    ["/a b", "b is neither a path"],
    ["/a javascript:alert(1)", "is neither a path"],
    ["/a /\\evil.com", "has a backslash"],
    ["/a* https://example.com:splat", "with a host that is given"],
    ["/:a https://:a/", "with a host that is given"],
    ["/:a https://example.com:pass@:a/", "with a host that is given"],
    ["/a /b 200", "200 would serve one file for another"],
    ["/a /b 404", "the status is 404; 301, 302, 303, 307, 308 are allowed"],
    ["/a /b 3.1", "the status is 3.1"],
    ["/a /b\n/a /c", "redirected by line 2 already"],
  ])("with the line %s is refused", (line, reason) => {
    const problems = problemsOf(`# a comment\n${line}`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^_redirects, line [23]: /);
    expect(problems[0]).toContain(reason);
  });

  it("names each line that is wrong", () => {
    expect(problemsOf("/a\n/b /c\n/d /e 99").map((problem) => problem.slice(0, 19))).toEqual([
      "_redirects, line 1:",
      "_redirects, line 3:",
    ]);
  });

  it("has bounds", () => {
    const line = (length: number) => `/a /${"b".repeat(length - 4)}`;
    expect(problemsOf(line(limits.redirectLength))).toEqual([]);
    expect(problemsOf(line(limits.redirectLength + 1))).toEqual([expect.stringContaining("line 1: longer than 1000")]);
    const rules = (count: number, from: string) => Array.from({ length: count }, (_, index) => `/${index}${from} /x`);
    const [most, patterns] = [rules(limits.redirects, ""), rules(limits.redirectPatterns, "/*")];
    expect(problemsOf([...most, ...patterns].join("\n"))).toEqual([]);
    expect(problemsOf([...most, "/more /x"].join("\n"))).toEqual(["_redirects: 2001 rules; at most 2000 are allowed."]);
    expect(problemsOf([...patterns, "/more/* /x"].join("\n"))).toEqual([
      "_redirects: 101 rules with wildcards; at most 100 are allowed.",
    ]);
  });
});

it("the longest path is held against the worst rule in no time", () => {
  const rules = redirectsOf(["/*/:a/:b.x", "/:a/*y", "/:a.b.c/:d.e/*/f"].map((from) => `${from} /new`).join("\n"));
  const startMs = performance.now();
  for (const unit of ["a", "/a", ".b", "/"]) rules(`/${unit.repeat(16_000 / unit.length)}!`, "");
  expect(performance.now() - startMs).toBeLessThan(500);
});
