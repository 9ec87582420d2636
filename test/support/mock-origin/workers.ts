import type { WorkerConfig } from "../../../scripts/workers.ts";

/** Three origins that misbehave on demand: `startSite({ replace: mockOrigins })`. */
export const mockOrigins: readonly WorkerConfig[] = ["a", "b", "c"].map((server) => ({
  name: `origin-${server}`,
  config: `test/support/mock-origin/${server}.toml`,
}));
