import { describe, expect, it } from "vitest";
import { bindingOf } from "../../../shared/balance/binding.ts";
import { Pool } from "../../../shared/balance/pool.ts";
import { type ServerView, unknownServer } from "../../../shared/balance/snapshot.ts";
import { defineSite, type SiteInput } from "../../../shared/config/site.ts";
import { setAffinityCookie } from "../../../shared/http/affinity-cookie.ts";
import { present } from "../../../shared/kernel/assert.ts";

const servers = ["a", "b", "c"].map((name) => ({ name, binding: name.toUpperCase() }));

function pool(settings: Partial<SiteInput["pools"][string]> = {}): Pool {
  const { pools } = defineSite({ pools: { web: { servers, stickiness: "cookie", ...settings } } });
  return new Pool("web", present(pools["web"], "the pool"), () => 0.5);
}

/** HAProxy 2.6, `cookie SRV insert indirect`: the flag in the log, and the server that is asked first. */
const table: readonly [string | null, Partial<ServerView>, string, string | null][] = [
  [null, {}, "N", null],
  ["b", {}, "V", "b"],
  ["b", { health: "stopping" }, "V", "b"],
  ["b", { admin: "drain" }, "V", "b"],
  ["b", { admin: "drain", drainUntilMs: 1001 }, "V", "b"],
  ["b", { weight: 0 }, "V", "b"],
  ["b", { ejectedUntilMs: 2000 }, "V", "b"],
  ["zz", {}, "I", null],
  ["", {}, "I", null],
  ["b", { health: "down" }, "D", null],
  ["b", { admin: "maint" }, "D", null],
  ["b", { admin: "drain", health: "down" }, "D", null],
  ["b", { admin: "drain", drainUntilMs: 1000 }, "O", null],
];

describe("a visitor's cookie", () => {
  it.each(table)("%s, and %j: %s", (cookie, view, flag, server) => {
    const web = pool();
    web.adopt({ b: { ...unknownServer, ...view } }, 1000);
    expect(bindingOf(cookie, web, 1000)).toMatchObject({ flag, server });
  });

  it("says nothing where the pool is not sticky", () => {
    expect(bindingOf("b", pool({ stickiness: "none" }), 0)).toMatchObject({ flag: "N", server: null });
  });
});

describe("a cookie with dates", () => {
  const now = Date.UTC(2026, 10, 24, 12);
  const hour = 3_600_000;
  const cookie = (lastMs: number | null, firstMs: number | null) => {
    const fields = new Headers();
    setAffinityCookie(fields, { server: "b", lastMs, firstMs }, "GET", false);
    return /TREFOIL_SRV=([^;]*)/.exec(fields.get("Set-Cookie") ?? "")?.[1] ?? "";
  };
  const flag = (value: string, settings: Partial<SiteInput["pools"][string]>) =>
    bindingOf(value, pool(settings), now).flag;

  it("has HAProxy's form: units of four seconds in five digits of base64", () => {
    expect(cookie(null, null)).toBe("b");
    expect(cookie(4000 * 1, null)).toBe("b|AAAAB");
    expect(cookie(4000 * 64, 4000 * 63)).toBe("b|AAABA|AAAA/");
    expect(cookie(null, 0)).toBe("b||AAAAA");
  });

  it("holds until the visitor was away for too long", () => {
    expect(flag(cookie(now - hour, null), { stickyIdleMs: hour })).toBe("V");
    expect(flag(cookie(now - hour - 8000, null), { stickyIdleMs: hour })).toBe("E");
    expect(flag(cookie(now - 1000 * hour, null), {})).toBe("V");
  });

  it("holds until he was bound for too long", () => {
    expect(flag(cookie(now, now - hour), { stickyLifeMs: hour })).toBe("V");
    expect(flag(cookie(now, now - hour - 8000), { stickyLifeMs: hour })).toBe("O");
  });

  it("is not believed when it lies more than a day ahead", () => {
    expect(flag(cookie(now + 23 * hour, null), { stickyIdleMs: hour })).toBe("V");
    expect(flag(cookie(now + 25 * hour, null), { stickyIdleMs: hour })).toBe("E");
  });

  it("is as good as a new one without them, and is given anew", () => {
    const binding = (value: string) => bindingOf(value, pool({ stickyIdleMs: hour }), now);
    expect(binding("b")).toMatchObject({ flag: "V", isStale: true });
    expect(binding("b|nonsense|AAAA!")).toMatchObject({ flag: "V", isStale: true });
    expect(binding(cookie(now - hour / 20, null))).toMatchObject({ isStale: false });
    expect(binding(cookie(now - hour / 5, null))).toMatchObject({ isStale: true });
  });

  it("keeps the day on which he was bound", () => {
    const first = now - 4000 * 10;
    expect(bindingOf(cookie(now, first), pool({ stickyLifeMs: hour }), now).firstMs).toBe(first);
  });
});
