import manifest from "#assets";
import site from "#site";
import { underFaults } from "../fault-port.ts";
import { serveApplication } from "./dynamic.ts";
import type { OriginEnv } from "./env.ts";
import { serveStatic } from "./static.ts";

export { FaultPort } from "../fault-port.ts";

/** An origin: one of three servers that run the same program. A file of the folder `public`, or else the application. */
export default {
  fetch(request, env, context): Promise<Response> {
    return underFaults(`origin-${env.SERVER}`, async () => {
      const files = { assets: env.ASSETS, manifest, immutable: site.assets.immutable };
      return (await serveStatic(request, files)) ?? (await serveApplication(request, env, context));
    });
  },
} satisfies ExportedHandler<OriginEnv>;
