import type { StaticCase } from "./case.ts";
import { conditionCases } from "./cases-conditions.ts";
import { negotiationCases } from "./cases-negotiation.ts";
import { rangeCases } from "./cases-ranges.ts";
import { targetCases } from "./cases-target.ts";

/** All of them. The titles are different from one another. */
export const staticCases: readonly StaticCase[] = [
  ...targetCases,
  ...conditionCases,
  ...rangeCases,
  ...negotiationCases,
];
