import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { activateSite } from "../../scripts/site.ts";
import { workers } from "../../scripts/workers.ts";
import { statusSchema } from "../../shared/admin/status.ts";
import { bundleAll } from "../support/build.ts";
import { mockOrigins } from "../support/mock-origin/workers.ts";
import { runScript } from "../support/run-script.ts";
import { startSite, type TestSite } from "../support/site.ts";

/** Outside of the project, where no package is installed. */
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "trefoil-config-"));
});

afterAll(() => rm(folder, { recursive: true }));

async function config(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

const refusalOf = async (name: string, text: string) =>
  activateSite({ SITE_CONFIG: await config(name, text) }).then(
    () => "taken",
    (error: Error) => error.message,
  );

describe("a configuration that cannot be used is refused with a message for its author:", () => {
  it("a wrong value", async () => {
    const message = await refusalOf(
      "wrong.ts",
      'export default { pools: { web: { servers: [], algorithm: "turns" } } };',
    );
    expect(message).toBe(
      [
        `${folder}/wrong.ts cannot be used:`,
        '  pools.web.algorithm: found "turns", allowed: "roundrobin", "leastconn", "random", "hash", "first"',
        "  pools.web.servers: found [], allowed: at least one server",
      ].join("\n"),
    );
  });

  it.each(["ORIGIN_D", "CONTROL"])("a binding that leads to no server: %s", async (binding) => {
    const message = await refusalOf(
      `${binding}.ts`,
      `export default { pools: { web: { servers: [{ name: "d", binding: "${binding}" }] } } };`,
    );
    expect(message).toContain(
      `pools.web.servers[0].binding: found "${binding}", allowed: ORIGIN_A, ORIGIN_B, ORIGIN_C`,
    );
  });

  it("a file that is not there, does not parse, or exports nothing", async () => {
    await expect(activateSite({ SITE_CONFIG: `${folder}/none.ts` })).rejects.toThrow(
      "none.ts cannot be used:\n  Cannot find module",
    );
    expect(await refusalOf("syntax.ts", "export default {")).toContain("syntax.ts cannot be used:");
    expect(await refusalOf("empty.ts", "export const site = {};")).toContain("There is no default export");
  });
});

it("npm start refuses it, and says in which line it does not parse", async () => {
  const { code, output } = await runScript("start", [], { SITE_CONFIG: await config("line.ts", "\nexport {{") });
  expect([code, output]).toEqual([1, expect.stringContaining("line.ts:2\n")]);
});

describe("the file that SITE_CONFIG names", () => {
  let bundles: string;
  let site: TestSite;

  beforeAll(async () => {
    const file = await config("two.ts", twoServers);
    const { environment } = await activateSite({ ...process.env, SITE_CONFIG: file });
    bundles = await bundleAll(environment, workersWithSite);
    site = await startSite({ bundles, replace: mockOrigins, vars: { FAULTS: "off" } });
  });

  afterAll(async () => {
    await site.close();
    await rm(bundles, { recursive: true });
  });

  it("is in force in the front: its servers, in its order, with its debug headers", async () => {
    const order = [];
    for (let turn = 0; turn < 4; turn++) order.push((await site.fetch("/")).headers.get("X-Served-By"));
    expect(order.join(" ")).toBe("last first last first");
  });

  it("is in force in control and in the database: its nodes, in its roles", async () => {
    const { nodes } = v.parse(statusSchema, await (await site.admin("/_trefoil/api/status")).json());
    expect(nodes.map(({ node, role, reachable }) => [node, role, reachable])).toEqual([
      ["db-3", "primary", true],
      ["db-1", "replica", true],
    ]);
  });

  describe("with a deadline of 400 ms", () => {
    it("has a request that gets no header answered by a 504 in that time", async () => {
      for (const method of ["GET", "POST"]) {
        const startMs = performance.now();
        const response = await site.fetch("/?a=hang&c=hang", { method, headers: { Accept: "application/json" } });
        expect([response.status, await response.json()]).toMatchObject([504, { error: { code: "deadline-exceeded" } }]);
        expect(performance.now() - startMs).toBeGreaterThan(390);
        expect(performance.now() - startMs).toBeLessThan(3000);
      }
    });

    it("lets the body of a response take longer", async () => {
      expect(await (await site.fetch("/?a=slow-body&c=slow-body")).text()).toBe("first, second");
    });

    it("lets the body of a request take longer, as long as it comes", async () => {
      const body = chunks(5, 150);
      const response = await fetch(new URL("/", site.url), { method: "POST", body, duplex: "half" });
      expect([response.status, await response.json()]).toMatchObject([200, { body: "chunk ".repeat(5) }]);
    });

    it("lets it take any time once the header of the response is there", async () => {
      const body = chunks(2, 450);
      const response = await fetch(new URL("/?a=echo-body&c=echo-body", site.url), {
        method: "POST",
        body,
        duplex: "half",
      });
      expect([response.status, await response.text()]).toEqual([200, "chunk ".repeat(2)]);
    });
  });
});

/** A body whose chunks come one by one. */
function chunks(count: number, everyMs: number): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      await sleep(everyMs);
      if (sent++ < count) controller.enqueue(new TextEncoder().encode("chunk "));
      else controller.close();
    },
  });
}

/** The mocks take no notice of the configuration. */
const workersWithSite = workers.filter(({ name }) => !name.startsWith("origin-"));

const twoServers = `
import { defineSite } from "trefoil";

export default defineSite({
  pools: {
    web: {
      servers: [
        { name: "last", binding: "ORIGIN_C" },
        { name: "first", binding: "ORIGIN_A" },
      ],
    },
  },
  routes: [{ path: "/", pool: "web", deadlineMs: 400 }],
  database: { primary: "db-3", replicas: ["db-1"] },
  debugHeaders: true,
});
`;
