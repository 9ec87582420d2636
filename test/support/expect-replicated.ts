import { expect } from "vitest";

import type { Pair } from "./pair.ts";

/** Ships all there is, and demands that both nodes then hold the same to the bit. */
export async function expectReplicated(pair: Pair): Promise<void> {
  expect(pair.ship()).toMatchObject({ ok: true });
  const { primary, replica } = await pair.dumps();
  expect(replica).toEqual(primary);
}
