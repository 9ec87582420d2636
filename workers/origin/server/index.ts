import manifest from "#assets";
import site from "#site";
import { compileRedirects } from "../../../shared/http/redirects.ts";
import { underFaults } from "../../common/fault-port.ts";
import { serveApplication } from "./dynamic.ts";
import type { OriginEnv } from "./env.ts";
import { serveStatic } from "./static.ts";

export { FaultPort } from "../../common/fault-port.ts";

const findRedirect = compileRedirects(manifest.redirects);

/** An origin: one of three servers that run the same program. A file of the folder `public`, or else the application. */
export default {
  fetch(request, env, context): Response | Promise<Response> {
    return underFaults(`origin-${env.SERVER}`, async () => {
      const files = { assets: env.ASSETS, manifest, findRedirect, immutable: site.assets.immutable };
      return (await serveStatic(request, files)) ?? (await serveApplication(request, env, context));
    });
  },
} satisfies ExportedHandler<OriginEnv>;
