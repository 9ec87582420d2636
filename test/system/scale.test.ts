import { rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCtl } from "../support/run-script.ts";
import { harnessOptions, startSite, type TestSite } from "../support/site.ts";
import { bundleFront, filesIn, treeWithSite } from "../support/tree.ts";
import { cookieOf, visit } from "../support/visitor.ts";

/** Scale out: the same site with three origins, with eight, and with three again, as an operator gets there. */

const slowStartMs = 8000;

const siteConfig = `import { defineSite } from "trefoil";

export default defineSite({
  pools: {
    web: {
      slowStartMs: ${slowStartMs},
      servers: [
        { name: "a", binding: "ORIGIN_A" },
        { name: "b", binding: "ORIGIN_B" },
        { name: "c", binding: "ORIGIN_C" },
      ],
    },
  },
  debugHeaders: true,
});
`;

const more = ["d", "e", "f", "g", "h"];
const [three, eight] = [
  ["a", "b", "c"],
  ["a", "b", "c", ...more],
];

/** The project with three origins and with eight. */
interface Version {
  readonly files: Readonly<Record<string, string>>;
  /** The Workers that know the servers; the origins are one program, however many they are. */
  readonly bundles: string;
}

let tree: string;
let small: Version;
let large: Version;
let site: TestSite;

beforeAll(async () => {
  tree = treeWithSite(siteConfig);
  small = await version("small");
  for (const name of more) await ctl("add", name);
  large = await version("large");
  site = await startSite(deployed(small));
}, 120_000);

afterAll(async () => {
  await site.close();
  rmSync(tree, { recursive: true });
});

/** The copy as it is now. */
async function version(name: string): Promise<Version> {
  const bundles = `${tree}.trefoil/${name}`;
  await bundleFront(tree, bundles);
  return { files: filesIn(tree), bundles };
}

/** The front and control as they are in a version, beside all of the origins. */
function deployed({ files, bundles }: Version) {
  for (const path of ["wrangler.toml", "workers/control/wrangler.toml"]) writeFileSync(tree + path, files[path] ?? "");
  return { tree, bundles };
}

/** A deployment of the front and of control: the origins run already, and the storage stays. */
const deploy = (to: Version): Promise<void> => site.harness.update(harnessOptions(deployed(to)));

async function ctl(verb: string, name: string): Promise<void> {
  const { code, output } = await runCtl(["origin", verb, name], {}, tree);
  expect(code, output).toBe(0);
}

/** How many of the next requests each server answers. */
async function spread(requests: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let turn = 0; turn < requests; turn++) {
    const response = await site.fetch("/api/whoami");
    const { origin } = (await response.json()) as { origin: string };
    expect([response.status, response.headers.get("X-Served-By")]).toEqual([200, origin]);
    counts[origin] = (counts[origin] ?? 0) + 1;
  }
  return counts;
}

const evenly = (names: readonly string[], each: number) => Object.fromEntries(names.map((name) => [name, each]));

let visitor: string;
let post: number;

it("serves with three origins, each as much as the others", async () => {
  expect(await spread(60)).toEqual(evenly(three, 20));
  const form = await visit(site).submit("/session", { name: "Ada" });
  visitor = cookieOf(form);
  ({
    post: { id: post },
  } = await visit(site).written("Before"));
});

it("takes five more in, slowly, and then evenly", async () => {
  await deploy(large);
  const counts = await spread(40);
  const ofNew = more.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
  expect(ofNew).toBeLessThan((40 * more.length) / eight.length / 2);
  await expect.poll(() => spread(80), { timeout: 4 * slowStartMs }).toEqual(evenly(eight, 10));
});

it("keeps sessions and posts, on every server", async () => {
  for (let turn = 0; turn < eight.length; turn++) {
    const session = await site.fetch("/api/session", { headers: { Cookie: visitor } });
    expect(await session.json()).toMatchObject({ name: "Ada" });
    const { post: written } = await visit(site).written(`Turn ${turn}`);
    expect(written.id).toBe(post + 1 + turn);
  }
  expect((await site.fetch(`/api/posts/${post}`)).status).toBe(200);
});

it("knows the new ones as targets of faults, and does without one that is down", async () => {
  await site.fault({ target: "server-h", fault: "down" });
  const counts = await spread(80);
  expect(Object.keys(counts).toSorted()).toEqual(eight.filter((name) => name !== "h"));
  await site.clearFaults();
});

it("lets them go again, and is what it was", async () => {
  await deploy(small);
  expect(await spread(30)).toEqual(evenly(three, 10));
  expect((await site.fetch(`/api/posts/${post}`)).status).toBe(200);
  deployed(large);
  for (const name of more) await ctl("remove", name);
  expect(filesIn(tree)).toEqual(small.files);
});
