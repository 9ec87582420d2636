import { expect, it } from "vitest";
import { openRouter } from "../../../shared/balance/route.ts";

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
