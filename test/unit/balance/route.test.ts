import { expect, it } from "vitest";
import { openRouter } from "../../../shared/balance/route.ts";

const times = { deadlineMs: 1, idleMs: 1, tunnelMs: 1 };
const routeFor = openRouter([
  { path: "/", pool: "rest", ...times },
  { path: "/shop", pool: "shop", ...times },
  { path: "/shop/media/", pool: "media", ...times },
]);
const poolFor = (path: string) => routeFor(path).pool;

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
