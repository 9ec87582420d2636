import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    silent: "passed-only",
    projects: [
      // Pure code has no state to keep apart: the files share their modules, which takes a third of the time.
      {
        test: {
          name: "pure",
          include: ["test/unit/**/*.test.ts", "test/contract/**/*.test.ts"],
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      // These bundle the tree for one site after the other: one at a time, and nobody else meanwhile.
      {
        test: {
          name: "check",
          include: ["test/check/**/*.test.ts"],
          testTimeout: 60_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      // Most of their time is spent waiting: for a check, a deadline, a maximum age.
      {
        test: {
          name: "workerd",
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
          include: ["test/worker/**/*.test.ts", "test/system/**/*.test.ts"],
          globalSetup: ["test/support/build.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
