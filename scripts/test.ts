import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import * as v from "valibot";
import { SiteConfigError } from "../shared/config/site.ts";
import { check, steps } from "./check.ts";
import { activateSite } from "./site.ts";
import { root } from "./workers.ts";

/**
 * `npm test`: what `npm run check` says, then every test. The last line is `N passed, N failed`, checks and tests
 * together.
 *
 *     npm test -- [arguments of vitest]     only the tests that they name, without the checks
 */
interface Counts {
  readonly passed: number;
  readonly failed: number;
}

const report = `${root}.trefoil/test-report.json`;

const reportSchema = v.object({
  numPassedTests: v.number(),
  numFailedTests: v.number(),
  testResults: v.array(v.object({ status: v.string(), assertionResults: v.array(v.unknown()) })),
});

/** A file that cannot even be loaded has no tests in it, and fails all the same. */
function readReport(): Counts | undefined {
  try {
    const { numPassedTests, numFailedTests, testResults } = v.parse(
      reportSchema,
      JSON.parse(readFileSync(report, "utf8")),
    );
    const unloaded = testResults.filter(
      ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
    );
    return { passed: numPassedTests, failed: numFailedTests + unloaded.length };
  } catch {
    return undefined;
  }
}

/** Whatever makes vitest end badly (an error outside of any test, a crash before the report) counts as one failure at least. */
async function runTests(args: readonly string[]): Promise<Counts> {
  rmSync(report, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const vitest = [`${root}node_modules/vitest/vitest.mjs`, "run", "--root", root, ...reporters, ...args];
  const child = spawn(process.execPath, vitest, { stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.once(signal, () => child.kill(signal));
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const counts = readReport() ?? { passed: 0, failed: 1 };
  return code === 0 ? counts : { ...counts, failed: Math.max(1, counts.failed) };
}

async function main(args: readonly string[]): Promise<Counts> {
  await activateSite(process.env);
  const failedSteps = args.length === 0 ? await check() : [];
  const tests = await runTests(args);
  const passedSteps = args.length === 0 ? steps.length - failedSteps.length : 0;
  return { passed: tests.passed + passedSteps, failed: tests.failed + failedSteps.length };
}

try {
  const { passed, failed } = await main(process.argv.slice(2));
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof SiteConfigError)) throw error;
  console.error(`${error.message}\n\n0 passed, 1 failed`);
  process.exitCode = 1;
}
