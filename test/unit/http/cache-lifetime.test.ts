import { expect, it } from "vitest";
import { isImmutable } from "../../../shared/http/cache-lifetime.ts";

it.each([
  "/app.3f9a8b7c.js",
  "/assets/app-3f9a8b7c6d5e4f30.css",
  "/main_0a1b2c3d.js",
  "/3f9a8b7c.chunk.js",
  "/font.3F9A8B7C.woff2",
  "/img/logo.0123456789abcdef0123456789abcdef.svg",
])("%s bears a fingerprint", (path) => expect(isImmutable(path, [])).toBe(true));

it.each([
  "/app.js",
  "/report-20261124.pdf",
  "/deadbeef.js",
  "/cafe-facade.html",
  "/app.3f9a8b7.js",
  "/app3f9a8b7c.js",
  "/app.3f9a8b7cz.js",
  "/3f9a8b7c/app.js",
  "/entry-DkJ2nX_p.js",
])("%s bears none", (path) => expect(isImmutable(path, [])).toBe(false));

it("the site names folders of files that never change", () => {
  for (const prefix of ["/build", "/build/"]) {
    expect(isImmutable("/build/entry-DkJ2nX_p.js", [prefix])).toBe(true);
    expect(isImmutable("/builder.js", [prefix])).toBe(false);
  }
  expect(isImmutable("/anything", ["/"])).toBe(true);
});
