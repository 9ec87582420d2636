import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodePath } from "../../../shared/http/url-path.ts";
import { staticTarget } from "../../../shared/http/static-path.ts";

const names = [
  "/index.html",
  "/LICENSE",
  "/docs/index.html",
  "/docs/a b.css",
  "/100%.txt",
  "/grün.txt",
  "/é/index.html",
];
const files = new Set([...names, "/%2e%2e/secret", "/back\\slash.txt"]);
const find = (pathname: string, search = "") => staticTarget(pathname, search, (path) => files.has(path));

describe("a path", () => {
  it.each([
    ["/", "/index.html"],
    ["/index.html", "/index.html"],
    ["/LICENSE", "/LICENSE"],
    ["/docs/", "/docs/index.html"],
    ["/docs/a%20b.css", "/docs/a b.css"],
    ["/%4CICENS%45", "/LICENSE"],
    ["/100%25.txt", "/100%.txt"],
    ["/gr%C3%BCn.txt", "/grün.txt"],
    ["//docs///index.html", "/docs/index.html"],
    ["///", "/index.html"],
  ])("%s stands for the file %s", (pathname, path) => expect(find(pathname)).toEqual({ kind: "file", path }));

  it.each([
    "/none",
    "/none/",
    "/docs%2Findex.html",
    "/docs%2findex.html",
    "/LICENSE/",
    "/license",
    "/LICENSE%00",
    "/gr%FCn.txt",
    "/%",
    "/%4",
    "/%zz",
    "/docs%5Cindex.html",
    "/100%2525.txt",
  ])("%s is no file", (pathname) => expect(find(pathname).kind).toBe("none"));

  it.each([
    ["/docs", "", "/docs/"],
    ["/docs", "?a=1&b=//x", "/docs/?a=1&b=//x"],
    ["//docs", "", "/docs/"],
    ["/d%6Fcs", "", "/docs/"],
    ["/%C3%A9", "?", "/%C3%A9/?"],
  ])("%s%s is a folder: %s", (pathname, search, location) =>
    expect(find(pathname, search)).toEqual({ kind: "folder", location }),
  );
});

it("a redirect never leads to another host", () => {
  const pathname = fc.string({ unit: fc.constantFrom(..."/\\%5C2Fdocs.") }).map((rest) => `/${rest}`);
  fc.assert(
    fc.property(pathname, (path) => {
      const target = staticTarget(path, "", () => true);
      if (target.kind === "folder") expect(target.location).toMatch(/^\/(?!\/|\\)/);
      const folder = staticTarget(path, "", (each) => each.endsWith("/index.html"));
      if (folder.kind === "folder") expect(folder.location).toMatch(/^\/(?!\/|\\)/);
    }),
  );
});

it("every name is found by its path as a URL spells it", () => {
  const name = fc
    .string({ unit: "grapheme", minLength: 1 })
    .filter((text) => /^[^/\0]+$/.test(text) && text.isWellFormed());
  fc.assert(
    fc.property(name, (text) => {
      const path = `/${text}`;
      expect(staticTarget(encodePath(path), "", (each) => each === path)).toEqual({ kind: "file", path });
    }),
  );
});
