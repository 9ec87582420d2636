import { expect, it } from "vitest";
import { isReserved, openRouter } from "../../../shared/balance/route.ts";

const poolFor = openRouter([
  { path: "/", pool: "rest" },
  { path: "/shop", pool: "shop" },
  { path: "/shop/media/", pool: "media" },
]);

it("lets the longest route win, whatever their order", () => {
  expect(["/", "/index.html", "/shop", "/shop/", "/shop/cart", "/shop/media/a.mp4"].map(poolFor)).toEqual([
    "rest",
    "rest",
    "shop",
    "shop",
    "shop",
    "media",
  ]);
});

it("takes whole path segments only", () => {
  expect(["/shopping", "/shop/media", "/Shop"].map(poolFor)).toEqual(["rest", "shop", "rest"]);
});

it("reserves Trefoil's own paths and nothing beside them", () => {
  for (const path of ["/_trefoil", "/_trefoil/", "/_trefoil/api/status", "/dns-query"])
    expect(isReserved(path)).toBe(true);
  for (const path of ["/", "/_trefoils", "/a/_trefoil/", "/dns-query/", "/dns-querys"])
    expect(isReserved(path)).toBe(false);
});
