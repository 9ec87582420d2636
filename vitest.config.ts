import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    silent: "passed-only",
    projects: [
      // Pure code has no state to keep apart: the files share their modules, which takes a third of the time.
      { test: { name: "pure", include: ["test/unit/**/*.test.ts", "test/contract/**/*.test.ts"], isolate: false } },
      { test: { name: "check", include: ["test/check/**/*.test.ts"], testTimeout: 60_000 } },
      {
        test: {
          name: "workerd",
          include: ["test/worker/**/*.test.ts", "test/system/**/*.test.ts"],
          globalSetup: ["test/support/build.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
