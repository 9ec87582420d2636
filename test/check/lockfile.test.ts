import { expect, test } from "vitest";
import { boundToRegistry, complete, type LockedPackages, missing, platform } from "../../scripts/lockfile.ts";

const tree: LockedPackages = {
  "": {},
  "node_modules/tool": {
    version: "2.0.0",
    dev: true,
    optionalDependencies: { "@tool/linux-x64": "2.0.0", "@tool/windows-64": "2.0.0" },
  },
  "node_modules/@tool/linux-x64": { version: "2.0.0" },
  "node_modules/host/node_modules/inner": {
    version: "1.0.0",
    optionalDependencies: { "@inner/binding-linux-arm64-musl": "1.0.0" },
  },
};

test("an optional package without an entry is missing, and the asker is named", () => {
  expect(missing(tree)).toEqual([
    { name: "@tool/windows-64", version: "2.0.0", askedBy: "node_modules/tool" },
    { name: "@inner/binding-linux-arm64-musl", version: "1.0.0", askedBy: "node_modules/host/node_modules/inner" },
  ]);
});

test("a package is found where Node would find it: beside the asker or in any folder above", () => {
  for (const folder of [
    "node_modules",
    "node_modules/host/node_modules",
    "node_modules/host/node_modules/inner/node_modules",
  ]) {
    const found = { ...tree, [`${folder}/@inner/binding-linux-arm64-musl`]: { version: "1.0.0" } };
    expect(missing(found).map(({ name }) => name)).toEqual(["@tool/windows-64"]);
  }
});

test("the completed lockfile misses nothing, is in npm's order, and installs each binary on its own platform only", () => {
  const completed = complete(tree);
  expect(missing(completed)).toEqual([]);
  expect(Object.keys(completed)).toEqual(Object.keys(completed).toSorted((a, b) => a.localeCompare(b, "en")));
  expect(completed["node_modules/@tool/windows-64"]).toEqual({
    version: "2.0.0",
    cpu: ["x64"],
    dev: true,
    optional: true,
    os: ["win32"],
  });
  expect(completed["node_modules/@inner/binding-linux-arm64-musl"]).toEqual({
    version: "1.0.0",
    cpu: ["arm64"],
    libc: ["musl"],
    optional: true,
    os: ["linux"],
  });
});

test.for([
  ["@cloudflare/workerd-darwin-64", { os: ["darwin"], cpu: ["x64"], libc: undefined }],
  ["@oxlint/binding-linux-arm-gnueabihf", { os: ["linux"], cpu: ["arm"], libc: undefined }],
  ["@oxlint/binding-linux-x64-gnu", { os: ["linux"], cpu: ["x64"], libc: ["glibc"] }],
  ["@oxfmt/binding-win32-ia32-msvc", { os: ["win32"], cpu: ["ia32"], libc: undefined }],
  ["fsevents", undefined],
] as const)("the name %s tells the platform", ([name, told]) => {
  expect(platform(name)).toEqual(told);
});

test("a package whose platform cannot be told stays missing and is not guessed", () => {
  const odd: LockedPackages = { "node_modules/a": { version: "1.0.0", optionalDependencies: { fsevents: "2.3.3" } } };
  expect(complete(odd)).toEqual(odd);
});

test("an entry that names the registry it came from is found", () => {
  expect(
    boundToRegistry({ ...tree, "node_modules/x": { version: "1.0.0", resolved: "https://registry.example/x.tgz" } }),
  ).toEqual(["node_modules/x"]);
});
