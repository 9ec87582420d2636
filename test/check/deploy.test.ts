import { existsSync, readFileSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { type Given, readPlan, refusals, type WorkerPlan } from "../../scripts/deploy-plan.ts";
import { workers } from "../../scripts/workers.ts";
import { runScript } from "../support/run-script.ts";
import { uploadAll } from "../../scripts/deploy-upload.ts";

const plans = workers.map(readPlan);
const given: Given = { faults: undefined, secrets: { ADMIN_TOKEN: "a token" } };

/** The project's Workers, one of them changed. */
const withChange = (name: string, change: Partial<WorkerPlan>): WorkerPlan[] =>
  plans.map((plan) => (plan.name === name ? { ...plan, ...change } : plan));

test("nothing speaks against deploying the Workers as they are", () => {
  expect(refusals(plans, given)).toEqual([]);
});

test("only the front is reached from outside", () => {
  expect(plans.filter(({ reachedBy }) => reachedBy.length > 0).map(({ name }) => name)).toEqual(["front"]);
});

test.for(workers.map(({ name }) => name).filter((name) => name !== "front"))(
  "%s is refused when it could be reached past the load balancer",
  (name) => {
    for (const way of ["workers.dev", "preview URLs", "example.com/*"]) {
      const found = refusals(withChange(name, { reachedBy: [way] }), given);
      expect(found).toEqual([expect.stringContaining(`${name} would be reached from outside by ${way}`)]);
    }
  },
);

test("FAULTS=on is refused in the environment and in every configuration, and a value nobody knows as well", () => {
  expect(refusals(plans, { ...given, faults: "on" })).toEqual([
    expect.stringContaining("the environment has FAULTS=on"),
  ]);
  expect(refusals(plans, { ...given, faults: "1" })).toHaveLength(1);
  for (const { name, config } of plans) {
    const found = refusals(withChange(name, { variables: { FAULTS: "on" } }), given);
    expect(found).toEqual([expect.stringContaining(`${config} has FAULTS = "on"`)]);
  }
});

test("FAULTS=off is not refused", () => {
  expect(refusals(plans, { ...given, faults: "off" })).toEqual([]);
});

test("a secret that is missing or empty is refused by name", () => {
  for (const secrets of [{}, { ADMIN_TOKEN: undefined }, { ADMIN_TOKEN: "" }]) {
    expect(refusals(plans, { ...given, secrets })).toEqual([expect.stringMatching(/^ADMIN_TOKEN: .*front needs/)]);
  }
});

test("a secret that no Worker asks for is refused by name, so that FAULTS cannot come in as one", () => {
  const secrets = { ...given.secrets, FAULTS: "on" };
  expect(refusals(plans, { ...given, secrets })).toEqual([expect.stringMatching(/^FAULTS: .*no Worker asks for/)]);
});

test("a Worker is refused before the one that it binds to", () => {
  const order = ["origin-a", "origin-b", "origin-c", "database", "control", "front"];
  const found = refusals(
    order.flatMap((name) => plans.filter((plan) => plan.name === name)),
    given,
  );
  expect(found).toEqual(
    ["a", "b", "c"].map(
      (origin) => `workers/origin/${origin}.toml: NODE leads to database, which is not deployed before it.`,
    ),
  );
});

test("a class that its Worker does not export, or that two export, is refused", () => {
  expect(refusals(withChange("database", { classes: [] }), given)).toContainEqual(
    expect.stringContaining(
      "NODE asks for the class DatabaseNode, which workers/database/wrangler.toml does not export",
    ),
  );
  expect(refusals(withChange("control", { classes: ["Control", "DatabaseNode"] }), given)).toEqual([
    expect.stringContaining(
      "The class DatabaseNode is exported by workers/database/wrangler.toml and workers/control/wrangler.toml",
    ),
  ]);
});

test("every Worker is uploaded in order, and only the front gets the secret, in a file for the owner that is gone afterwards", async () => {
  const uploaded: string[] = [];
  const files: string[] = [];
  await uploadAll(plans, given.secrets, (args) => {
    const [, , config = "", option, file = ""] = args;
    uploaded.push(config);
    if (option === undefined) return Promise.resolve(true);
    expect(option).toBe("--secrets-file");
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ ADMIN_TOKEN: "a token" });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    files.push(file);
    return Promise.resolve(true);
  });
  expect(uploaded).toEqual(workers.map(({ config }) => config));
  expect(files.map((file) => existsSync(file))).toEqual([false]);
});

test("a Worker that cannot be uploaded stops those after it, and the operator reads which are there", async () => {
  const uploaded: string[] = [];
  const wrangler = (args: readonly string[]): Promise<boolean> => {
    uploaded.push(args[2] ?? "");
    return Promise.resolve(uploaded.length < 3);
  };
  await expect(uploadAll(plans, given.secrets, wrangler)).rejects.toThrow(
    /origin-b was not deployed.* Deployed: database, origin-a\.\nRun the same command again/,
  );
  expect(uploaded).toHaveLength(3);
});

const printedWorkers = (output: string) =>
  output.match(/^\S+ +[\d.]+ KiB +[\d.]+ KiB gzip/gm)?.map((row) => row.split(" ")[0]);

test("the dry run prints every Worker in order, with its size and its bindings, and keeps the secret to itself", async () => {
  const { code, output } = await runScript("deploy", ["--dry-run"], { ADMIN_TOKEN: "not-to-be-printed" });
  expect(code, output).toBe(0);
  expect(printedWorkers(output)).toEqual(workers.map(({ name }) => name));
  expect(output).toMatch(/^ +ORIGIN_A +origin-a$/m);
  expect(output).toMatch(/^ +NODE +DatabaseNode in database$/m);
  expect(output).toMatch(/^ +ADMIN_TOKEN +secret$/m);
  expect(output).not.toContain("not-to-be-printed");
});

test("the dry run refuses a missing secret and FAULTS=on by name, in one go, and prints the Workers all the same", async () => {
  const { code, output } = await runScript("deploy", ["--dry-run"], { FAULTS: "on" });
  expect(code).toBe(1);
  expect(output).toMatch(/FAULTS: .*\n.*ADMIN_TOKEN: /);
  expect(printedWorkers(output)).toEqual(workers.map(({ name }) => name));
});

test("the dry run refuses an option that it does not know", async () => {
  const { code, output } = await runScript("deploy", ["--dryrun"], { ADMIN_TOKEN: "a token" });
  expect(code).toBe(1);
  expect(output).toContain("--dryrun");
});
