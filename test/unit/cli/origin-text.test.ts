import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addServer,
  addService,
  originToml,
  removeServer,
  removeService,
  serverEntry,
  serviceSection,
} from "../../../cli/origin-text.ts";
import { type Splice, spliced } from "../../../cli/tree-change.ts";

const originName = fc.stringMatching(/^[a-z0-9]{1,6}(-[a-z0-9]{1,6})?$/);

describe("the configuration of an origin", () => {
  const like = '# Origin c: one.\nname = "origin-c"\nmain = "x.ts"\n\n[vars]\nSERVER = "c"\nMINE = "c"\n';

  it("is that of another one under its own name, with what a user has put there", () => {
    expect(originToml(like, "c", "d")).toBe(
      '# Origin d: one.\nname = "origin-d"\nmain = "x.ts"\n\n[vars]\nSERVER = "d"\nMINE = "c"\n',
    );
  });

  it.each([
    ["another name", like.replace('"origin-c"', '"shop-c"')],
    ["two names", `${like}[env.x]\nname = "origin-c"\n`],
    ["no SERVER", like.replace("SERVER", "NAME")],
    ["lines of Windows", like.replaceAll("\n", "\r\n")],
  ])("cannot be made of one with %s", (_what, text) => {
    expect(originToml(text, "c", "d")).toBe(null);
  });
});

describe("the service bindings", () => {
  const toml = `# Mine.
[vars]
X = "1"

${serviceSection("a", false)}
# The second one.
${serviceSection("b", false)}
[[services]]
binding = "CONTROL"
service = "control"

${serviceSection("a", true)}
[[services]]
binding = "DATABASE_FAULTS"
service = "database"
entrypoint = "FaultPort"
`;

  it("of a new origin stand behind the others of their kind", () => {
    const text = both(toml, "d", addService);
    expect(text.match(/^binding = .*$/gm)).toEqual(
      ["ORIGIN_A", "ORIGIN_B", "ORIGIN_D", "CONTROL", "ORIGIN_A_FAULTS", "ORIGIN_D_FAULTS", "DATABASE_FAULTS"].map(
        (name) => `binding = "${name}"`,
      ),
    );
    expect(text).toContain(`\n\n${serviceSection("d", false)}\n`);
    expect(text).toContain(`\n\n${serviceSection("d", true)}\n`);
  });

  it("go as they came, in any order", () => {
    const names = fc.uniqueArray(
      originName.filter((name) => !["a", "b"].includes(name)),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(names, fc.infiniteStream(fc.nat()), (origins, dice) => {
        let text = origins.reduce((before, origin) => both(before, origin, addService), toml);
        const left = [...origins];
        while (left.length > 0) {
          const [origin = ""] = left.splice((dice.next().value as number) % left.length, 1);
          text = both(text, origin, removeService);
        }
        expect(text).toBe(toml);
      }),
    );
  });

  it.each([
    ["no origin", '[[services]]\nbinding = "CONTROL"\nservice = "control"\n'],
    ["an inline table", 'services = [{ binding = "ORIGIN_A", service = "origin-a" }]\n'],
    ["lines of Windows", toml.replaceAll("\n", "\r\n")],
  ])("are left alone where there is %s", (_what, text) => {
    expect([addService(text, "d", false), removeService(text, "a", false)]).toEqual([null, null]);
  });

  it("are not taken out when they are not as they came, or twice there", () => {
    const changed = toml.replace('service = "origin-b"\n', 'service = "origin-b"\nentrypoint = "Mine"\n');
    expect(removeService(changed, "b", false)).toBe(null);
    expect(removeService(toml + serviceSection("b", false), "b", false)).toBe(null);
  });
});

describe("the servers of a pool", () => {
  const entry = serverEntry("d", 1);
  const lines = `servers: [
    { name: "a", binding: "ORIGIN_A" },
    // The third one is the largest.
    { name: "c", binding: "ORIGIN_C", weight: 5 }, // by far
  ],
`;
  const long = `servers: [
    {
      name: 'c',
      binding: 'ORIGIN_C',
    },
  ],
`;
  const forms = [
    ["lines", lines, `"ORIGIN_C", weight: 5 }, // by far\n    ${entry},\n  ],`],
    ["entries of several lines", long, `    },\n    ${entry},\n  ],`],
    ["one line", 'servers: [{ name: "c", binding: "ORIGIN_C" }],\n', `"ORIGIN_C" }, ${entry}],`],
    ["no comma at the end", 'servers: [\n  { name: "c", binding: "ORIGIN_C" }\n],\n', `"ORIGIN_C" }, ${entry}\n]`],
  ] as const;

  it.each(forms)("are written in %s, and the new one as they are", (_what, text, part) => {
    const ways = addServer(text, "c", entry);
    expect(ways).toHaveLength(1);
    expect(spliced(text, ways)).toContain(part);
  });

  it.each(forms)("are as they were once the new one is gone: %s", (_what, text) => {
    const added = spliced(text, addServer(text, "c", entry));
    expect(spliced(added, removeServer(added, "ORIGIN_D"))).toBe(text);
  });

  it("may lose the first of a line", () => {
    const text = `servers: [{ name: "a", binding: "ORIGIN_A" }, ${entry}],`;
    expect(spliced(text, removeServer(text, "ORIGIN_A"))).toBe(`servers: [${entry}],`);
  });

  it("have one way for each place where the last one stands, and none where it is not written out", () => {
    expect(addServer(lines + lines, "c", entry)).toHaveLength(2);
    expect(addServer("servers: names.map((name) => ({ name, binding: `ORIGIN_${name}` }))", "c", entry)).toEqual([]);
  });

  it("are told apart by their whole names", () => {
    expect(addServer(lines, "cc", entry)).toEqual([]);
    expect(removeServer('[{ binding: "ORIGIN_D_2" }]', "ORIGIN_D")).toEqual([]);
  });

  it("have a weight where it is not 1", () => {
    expect([entry, serverEntry("d-2", 0)]).toEqual([
      '{ name: "d", binding: "ORIGIN_D" }',
      '{ name: "d-2", binding: "ORIGIN_D_2", weight: 0 }',
    ]);
  });
});

/** A text with the sections of both kinds changed. */
function both(toml: string, origin: string, edit: (toml: string, origin: string, faults: boolean) => Splice | null) {
  const splices = [false, true].map((faults) => edit(toml, origin, faults));
  expect(splices).not.toContain(null);
  return spliced(
    toml,
    splices.filter((splice) => splice !== null),
  );
}
