import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Seen } from "../support/mock-origin/seen.ts";
import { mockOrigins } from "../support/mock-origin/workers.ts";
import { startSite, type TestSite } from "../support/site.ts";
import { browse, cookieOf, type Session } from "../support/visitor.ts";
import { fieldsIn, head, onWire } from "../support/wire.ts";

describe("a pool with stickiness: cookie (HAProxy: cookie TREFOIL_SRV insert indirect nocache)", () => {
  let site: TestSite;

  beforeAll(async () => {
    site = await startSite({ replace: mockOrigins, bundles: inject("shortBundles") });
  });

  afterAll(() => site.close());

  const ask = async (cookie: string | null, query = "", method = "GET") => {
    const headers: Record<string, string> = cookie === null ? {} : { Cookie: cookie };
    const response = await site.fetch(`/sticky${query}`, { method, headers });
    const text = await response.text();
    return { status: response.status, servedBy: response.headers.get("X-Served-By"), headers: response.headers, text };
  };

  it("gives a visitor without a cookie the server whose turn it is, and the cookie of it", async () => {
    const first = await ask(null);
    expect(first.headers.getSetCookie()).toEqual([`TREFOIL_SRV=${first.servedBy}; Path=/; HttpOnly; SameSite=Lax`]);
    expect((await ask(null)).servedBy).not.toBe(first.servedBy);
  });

  it.each(["a", "b", "c"])("keeps the visitor of %s there, and says so no more", async (server) => {
    for (let turn = 0; turn < 5; turn++) {
      const { servedBy, headers } = await ask(`TREFOIL_SRV=${server}`);
      expect([servedBy, headers.getSetCookie()]).toEqual([server, []]);
    }
  });

  it.each(["TREFOIL_SRV=zz", "TREFOIL_SRV=", "TREFOIL_SRV=<b>"])(
    "gives a new one for a value that names no server: %s",
    async (cookie) => {
      const { servedBy, headers } = await ask(cookie);
      expect(cookieOf({ headers })).toBe(`TREFOIL_SRV=${servedBy}`);
    },
  );

  it("keeps the cookie from the servers, and other cookies to them", async () => {
    const cookies = async (cookie: string) => {
      const seen = JSON.parse((await ask(cookie)).text) as Seen;
      return new Map(seen.headers).get("cookie");
    };
    expect([await cookies("TREFOIL_SRV=b"), await cookies("x=1; TREFOIL_SRV=b; y=2")]).toEqual([undefined, "x=1; y=2"]);
  });

  it("keeps it from the servers of other pools too, and theirs from the visitor", async () => {
    const headers = { Cookie: "TREFOIL_SRV=b; x=1" };
    const seen = (await (await site.fetch("/", { headers })).json()) as Seen;
    expect(new Map(seen.headers).get("cookie")).toBe("x=1");
    const set = JSON.stringify({ fields: [["Set-Cookie", "TREFOIL_SRV=evil"]], body: "x" });
    const query = ["a", "b", "c"].map((server) => `${server}=answer`).join("&");
    const answer = await site.fetch(`/?${query}&with=${encodeURIComponent(set)}`);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it("drops one that a server sets, beside its other cookies", async () => {
    const fields = [
      ["Set-Cookie", "TREFOIL_SRV=evil"],
      ["Set-Cookie", "x=1"],
    ];
    const { headers } = await ask(
      "TREFOIL_SRV=a",
      `?a=answer&with=${encodeURIComponent(JSON.stringify({ fields, body: "x" }))}`,
    );
    expect(headers.getSetCookie()).toEqual(["x=1"]);
  });

  it("lets no shared cache keep an answer with the cookie, and leaves those without it alone", async () => {
    const query = `?${["a", "b", "c"].map((server) => `${server}=answer`).join("&")}&with=${encodeURIComponent(
      JSON.stringify({ fields: [["Cache-Control", "max-age=60"]], body: "x" }),
    )}`;
    expect((await ask(null, query)).headers.get("Cache-Control")).toBe("max-age=60, private");
    expect((await ask("TREFOIL_SRV=a", query)).headers.get("Cache-Control")).toBe("max-age=60");
  });

  it("binds the visitor of a server that fails to the one that answers in its place", async () => {
    const { servedBy, headers } = await ask("TREFOIL_SRV=b", "?b=throw");
    expect(servedBy).not.toBe("b");
    expect(cookieOf({ headers })).toBe(`TREFOIL_SRV=${servedBy}`);
  });

  it("repeats no POST for the sake of it", async () => {
    expect((await ask("TREFOIL_SRV=b", "?b=throw", "POST")).status).toBe(502);
  });

  it("leads a WebSocket where the cookie says, and binds by its 101 as by any answer", async () => {
    const fields = [
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ];
    const open = async (cookie: readonly string[], b = "socket") =>
      (await onWire(site.url, [head(`GET /sticky?a=socket&c=socket&b=${b}`, [...fields, ...cookie])], 1000)).text;
    for (const server of ["a", "c"]) expect(await open([`Cookie: TREFOIL_SRV=${server}`])).toMatch(/^HTTP\/1\.1 101 /);
    expect(await open(["Cookie: TREFOIL_SRV=b"], "echo")).toMatch(/^HTTP\/1\.1 200 /);
    const cookies = async (cookie: string) => fieldsIn(await open([`Cookie: ${cookie}`])).get("set-cookie");
    expect(await cookies("TREFOIL_SRV=a")).toEqual(["from-server=1"]);
    const [own, bound] = (await cookies("TREFOIL_SRV=zz")) ?? [];
    expect([own, bound]).toEqual(["from-server=1", expect.stringMatching(/^TREFOIL_SRV=[abc]; /)]);
  });
});

describe("a sticky visitor whose server dies", () => {
  let site: TestSite;

  beforeAll(async () => {
    site = await startSite({ bundles: inject("shortBundles") });
  });

  afterAll(() => site.close());

  it("loses the server and not the session, which all of them share", async () => {
    const visitor = browse(site);
    const read = async () => {
      const response = await visitor.send("/api/session");
      return { servedBy: response.headers.get("X-Served-By"), session: (await response.json()) as Session };
    };
    expect((await visitor.send("/api/session", { method: "PUT", json: { name: "Ada" } })).status).toBe(200);
    const { servedBy: home } = await read();
    for (let turn = 0; turn < 3; turn++)
      expect(await read()).toMatchObject({ servedBy: home, session: { name: "Ada" } });
    await site.fault({ target: `server-${home}`, fault: "down" });
    const { servedBy: next, session } = await read();
    expect([next === home, session.name]).toEqual([false, "Ada"]);
    await site.clearFaults();
    expect(await read()).toMatchObject({ servedBy: next, session: { name: "Ada" } });
  });
});
