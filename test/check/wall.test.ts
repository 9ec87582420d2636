import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test, type TestContext } from "vitest";
import { runStep, type Step, steps } from "../../scripts/check.ts";
import { root } from "../../scripts/workers.ts";
import { present } from "../../shared/kernel/assert.ts";

/**
 * The wall between `shared/` and `workers/` (ARCHITECTURE.md): what must not stand in `shared/` is planted in a copy of
 * the tree outside of it, and the very steps of `npm run check` have to refuse it.
 */
const named = (name: string): Step =>
  present(
    steps.find((step) => step.name === name),
    `the step ${name}`,
  );
const lint = named("lint");
const types = named("types of shared/ alone");

/** A tree with the project's rules, a little of its code, and the files given; it goes when the test has finished. */
function tree({ onTestFinished }: TestContext, files: Record<string, string>): string {
  const copy = mkdtempSync(join(tmpdir(), "trefoil-wall-"));
  onTestFinished(() => rmSync(copy, { recursive: true }));
  for (const path of [
    "package.json",
    ".oxlintrc.json",
    "tsconfig.json",
    "shared/tsconfig.json",
    "shared/kernel/assert.ts",
  ]) {
    cpSync(join(root, path), join(copy, path));
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), text);
  }
  return copy;
}

/** [what it is, a line of code]. */
const refusedByLint = [
  ["the clock", `export const nowMs = Date.now();`],
  ["a date of now", `export const now = new Date();`],
  ["a monotonic clock", `export const nowMs = performance.now();`],
  ["Math.random", `export const drawn = Math.random();`],
  ["Math.random by another name", `export const { random } = Math;`],
  ["crypto", `export const id = crypto.randomUUID();`],
  ["a timer", `setTimeout(() => {}, 1000);`],
  ["fetch", `export const answer = fetch("http://127.0.0.1/");`],
  ["console.log", `console.log("here");`],
  ["a global by way of globalThis", `export const answer = globalThis.fetch;`],
  ["cloudflare:workers", `import { env } from "cloudflare:workers";\nexport const bindings = env;`],
  ["node:fs", `import { readFileSync } from "node:fs";\nexport const read = readFileSync;`],
  ["a type of the platform", `import type { Stats } from "node:fs";\nexport type File = Stats;`],
  ["code of the Workers", `import { driver } from "../../workers/driver.ts";\nexport const decide = driver;`],
  ["the site configuration", `import site from "#site";\nexport const configured = site;`],
] as const;

test.concurrent.for(refusedByLint)("the lint step refuses %s in shared/", async ([, code], context) => {
  const copy = tree(context, {
    "shared/planted/it.ts": `${code}\n`,
    "workers/driver.ts": "export const driver = 1;\n",
  });
  const { ok, output } = await runStep(lint, copy);
  expect(output).toMatch(/no-restricted-(imports|globals|properties).*\n.*shared\/planted\/it\.ts/);
  expect(ok).toBe(false);
});

const refusedByTypes = [
  ["a timer", `setTimeout(() => {}, 1000);`],
  ["fetch", `export const answer = fetch("http://127.0.0.1/");`],
  ["console.log", `console.log("here");`],
  ["a URL", `export const url = new URL("http://127.0.0.1/");`],
  ["cloudflare:workers, imported late", `export const late = () => import("cloudflare:workers");`],
  ["node:fs, imported late", `export const late = () => import("node:fs");`],
] as const;

test.concurrent.for(refusedByTypes)("the types of shared/ know nothing of %s", async ([, code], context) => {
  const { ok, output } = await runStep(types, tree(context, { "shared/planted/it.ts": `${code}\n` }));
  expect(output).toContain("planted/it.ts");
  expect(ok).toBe(false);
});

const pure = `import { assert } from "../kernel/assert.ts";

/** Says whether the deadline has passed. */
export function isLate(deadlineMs: number, nowMs: number): boolean {
  assert(deadlineMs >= 0, "a deadline is not negative");
  return nowMs >= deadlineMs;
}
`;

test("both steps pass pure code in shared/", async (context) => {
  const copy = tree(context, { "shared/planted/it.ts": pure });
  expect(await runStep(lint, copy)).toMatchObject({ ok: true });
  expect(await runStep(types, copy)).toEqual({ ok: true, output: "" });
});

test("the lint step lets the Workers do all of it", async (context) => {
  const driver = `import { env } from "cloudflare:workers";

export async function drive(): Promise<Response> {
  console.log(Date.now(), Math.random(), performance.now(), crypto.randomUUID(), env);
  await new Promise((resolve) => setTimeout(resolve, 1));
  return fetch("http://127.0.0.1/");
}
`;
  expect(await runStep(lint, tree(context, { "workers/front/driver.ts": driver }))).toMatchObject({ ok: true });
});
