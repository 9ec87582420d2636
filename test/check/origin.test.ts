import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { workersIn } from "../../scripts/workers.ts";
import { runCtl } from "../support/run-script.ts";
import { copyTree, filesIn } from "../support/tree.ts";

const siteConfig = `import { defineSite } from "trefoil";

export default defineSite({
  pools: {
    web: {
      algorithm: "roundrobin",
      servers: [
        { name: "a", binding: "ORIGIN_A" },
        { name: "b", binding: "ORIGIN_B" },
        { name: "c", binding: "ORIGIN_C" },
      ],
    },
  },
});
`;

let tree: string;
let before: Record<string, string>;

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), "trefoil-origin-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  tree = copyTree(folder);
  edit("site.config.ts", () => siteConfig);
});

const edit = (path: string, change: (text: string) => string) => {
  writeFileSync(tree + path, change(readFileSync(tree + path, "utf8")));
  before = filesIn(tree);
};

/** `npm run ctl -- origin ...` in the copy, without a token or a site that runs. */
const origin = (args: string, environment: Record<string, string> = {}) =>
  runCtl(["origin", ...args.split(" ")], environment, tree);

const changedFiles = () => {
  const now = filesIn(tree);
  const paths = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...paths].filter((path) => before[path] !== now[path]).toSorted();
};

const added = ["site.config.ts", "workers/control/wrangler.toml", "workers/origin/d.toml", "wrangler.toml"];

test("an origin comes and goes in one step each, leaves nothing behind, and it is said what has to be deployed in which order", async () => {
  const come = await origin("add d");
  expect(come.code, come.output).toBe(0);
  expect(changedFiles()).toEqual(added);
  expect(workersIn(tree).map(({ name }) => name)).toEqual([
    "database",
    "origin-a",
    "origin-b",
    "origin-c",
    "origin-d",
    "control",
    "front",
  ]);
  expect(readFileSync(`${tree}site.config.ts`, "utf8")).toContain(
    '        { name: "c", binding: "ORIGIN_C" },\n        { name: "d", binding: "ORIGIN_D" },\n      ],',
  );
  expect(come.output).toMatch(/1\. origin-d .*\n.*2\. control .*\n.*3\. front .*\n +npm start/s);
  const go = await origin("remove d");
  expect(go.code, go.output).toBe(0);
  expect(changedFiles()).toEqual([]);
  expect(go.output).toMatch(
    /0\..*server drain d\n.*1\. front .*\n.*2\. control .*\n.*3\..* wrangler delete origin-d\n/s,
  );
});

test("several come and go in any order", async () => {
  for (const args of ["add d --weight 2", "add e-2", "remove d", "remove e-2"])
    expect((await origin(args)).code).toBe(0);
  expect(changedFiles()).toEqual([]);
});

test("what was added may be the model of the next, and the first ones may go", async () => {
  for (const args of ["add d", "remove a", "remove b", "remove c", "add e"]) expect((await origin(args)).code).toBe(0);
  expect(workersIn(tree).map(({ name }) => name)).toEqual(["database", "origin-d", "origin-e", "control", "front"]);
});

test.for(["add d", "remove c"])("a dry run shows the changes, and makes none: %s", async (args) => {
  const { code, output } = await origin(`${args} --dry-run`);
  expect(code).toBe(0);
  const name = args.slice(-1);
  const [line, sign] = args.startsWith("add") ? [11, "\\+"] : [10, "-"];
  expect(output).toMatch(
    new RegExp(`^site\\.config\\.ts \\(changed\\)\n  @ line ${line}\n  ${sign} +{ name: "${name}"`, "m"),
  );
  expect(output).toMatch(new RegExp(`^  ${sign} SERVER = "${name}"$`, "m"));
  expect(changedFiles()).toEqual([]);
});

test("programs read the same as JSON", async () => {
  const { output } = await origin("add d --json --weight 3");
  const { changes, ...rest } = JSON.parse(output) as { changes: { path: string; hunks: unknown }[] };
  expect(rest).toMatchObject({ origin: "d", places: [{ pool: "web", server: "d" }], dryRun: false });
  expect(changes.map(({ path }) => path).toSorted()).toEqual(added);
  expect(changes.find(({ path }) => path === "site.config.ts")?.hunks).toEqual([
    { line: 11, gone: [], come: ['        { name: "d", binding: "ORIGIN_D", weight: 3 },'] },
  ]);
});

test("the file that SITE_CONFIG names is the one that is edited", async () => {
  writeFileSync(`${tree}other.config.ts`, siteConfig.replace('"roundrobin"', '"leastconn"'));
  before = filesIn(tree);
  expect((await origin("add d", { SITE_CONFIG: `${tree}other.config.ts` })).code).toBe(0);
  expect(changedFiles()).toEqual(["other.config.ts", ...added.slice(1)]);
});

test.for([
  ["add", "NAME is missing"],
  ["add d e", '"e" is one word too many'],
  ["add d --weight 257", '--weight is "257"'],
  ["remove d", 'There is no origin "d". There are: a, b, c.'],
] as const)("origin %s is refused", async ([args, message]) => {
  const { code, output } = await origin(args);
  expect([code, output]).toEqual([1, expect.stringContaining(message)]);
  expect(output).not.toMatch(/^\s+at /m);
  expect(changedFiles()).toEqual([]);
});

describe("a plan is refused for", () => {
  const refusal = async (args: readonly string[]) => {
    const { code, output } = await runCtl(["origin", ...args, "--dry-run"], {}, tree);
    expect(output).not.toMatch(/^\s+at /m);
    return code === 0 ? "planned" : output;
  };

  const refusalToAdd = (name: string, pool?: string) =>
    refusal(["add", name, ...(pool === undefined ? [] : ["--pool", pool])]);
  const refusalToRemove = (name: string) => refusal(["remove", name]);

  test("a name that none of its Worker and its bindings can have", async () => {
    const names = ["D", "../x", "", "d--e", "faults", "d-faults", "x".repeat(57)];
    const refusals = await Promise.all(names.map((name) => refusalToAdd(name)));
    expect(refusals).toEqual(
      names.map((name) => expect.stringContaining(`${JSON.stringify(name)} is no name for an origin`) as unknown),
    );
    expect(await refusalToAdd("x".repeat(56))).toBe("planned");
  });

  test("an origin that is there, or a pool that is not", async () => {
    expect(await refusalToAdd("a")).toBe("There is an origin a already.\n");
    expect(await refusalToAdd("d", "shop")).toBe('There is no pool "shop". There are: web.\n');
  });

  test("the last server of a pool, and for a pool that was not said where several have origins", async () => {
    const spare = '    spare: { servers: [{ name: "c", binding: "ORIGIN_C" }] },\n';
    edit("site.config.ts", (text) => text.replace("    },\n  },\n", `    },\n${spare}  },\n`));
    expect(await refusalToRemove("c")).toContain("c is the last server of the pool spare");
    expect(await refusalToAdd("d")).toContain("--pool web, or --pool spare");
    expect(await refusalToAdd("d", "spare")).toBe("planned");
    expect(await refusalToRemove("b")).toBe("planned");
  });

  test("the last origin, though no pool has it", async () => {
    edit("site.config.ts", (text) =>
      text.replace(/servers: \[.*?\],/s, 'servers: [{ name: "x", url: "http://127.0.0.1:1" }],'),
    );
    for (const name of ["b", "c"]) expect((await origin(`remove ${name}`)).code).toBe(0);
    expect(await refusalToRemove("a")).toContain("a is the last origin");
  });

  const mapped = 'servers: [..."abc"].map((name) => ({ name, binding: `ORIGIN_${name.toUpperCase()}` })),';

  test.for([
    ["site.config.ts", (text: string) => text.replace(/servers: \[.*?\],/s, mapped)],
    ["wrangler.toml", (text: string) => text.replaceAll("[[services]]", "[[ services ]]")],
    ["workers/control/wrangler.toml", (text: string) => text.replaceAll('"FaultPort"', "'FaultPort'")],
    ["workers/origin/c.toml", (text: string) => text.replace('SERVER = "c"', 'SERVER = "the third"')],
  ] as const)("a %s of another form, with what is to be written by hand, and where", async ([path, change]) => {
    edit(path, change);
    const odd = path === "workers/origin/c.toml" ? "workers/origin/d.toml" : path;
    const toAdd = await refusalToAdd("d");
    expect(toAdd).toContain(`Nothing was changed: ${odd} cannot be edited`);
    expect(toAdd).toContain('\n      { name: "d", binding: "ORIGIN_D" },');
    expect(toAdd).toContain(
      '\n      binding = "ORIGIN_D_FAULTS"\n      service = "origin-d"\n      entrypoint = "FaultPort"',
    );
    const toRemove = await refusalToRemove("c");
    if (path === "workers/origin/c.toml") expect(toRemove).toBe("planned");
    else expect(toRemove).toContain(`Nothing was changed: ${path} cannot be edited`);
  });

  test("a site configuration that has the name already", async () => {
    edit("site.config.ts", (text) =>
      text.replace("      ],", '        { name: "d", url: "http://127.0.0.1:1" },\n      ],'),
    );
    expect(await refusalToAdd("d")).toContain("The pool web has a server d already.");
  });

  test("a site configuration that is wrong itself", async () => {
    edit("site.config.ts", (text) => text.replace("roundrobin", "fastest"));
    expect(await refusalToAdd("d")).toMatch(/site\.config\.ts cannot be used:\n {2}pools\.web\.algorithm.*fastest/s);
  });

  test("servers that two pools share: only one of them would be meant", async () => {
    edit("site.config.ts", (text) =>
      text
        .replace("export default", 'const servers = [\n  { name: "c", binding: "ORIGIN_C" },\n];\n\nexport default')
        .replace(/servers: \[.*?\],\n/s, "servers,\n")
        .replace("    },\n  },\n", "    },\n    shop: { servers },\n  },\n"),
    );
    expect(await refusalToAdd("d", "web")).toContain("Nothing was changed: site.config.ts cannot be edited");
  });
});
