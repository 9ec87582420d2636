import { createRequire } from "node:module";
import * as v from "valibot";

/** The package has no types. */
const schema = v.object({ default: v.string(), version: v.string() });

/** The runtime that wrangler uses, too: where the binary lies, and its version. */
export const { default: workerdBin, version: workerdVersion } = v.parse(
  schema,
  createRequire(import.meta.url)("workerd") as unknown,
);
