import { readSite } from "../../../shared/config/site.ts";

/** A pool that has all that it needs. */
export const web = { servers: [{ name: "a", binding: "ORIGIN_A" }] };

/** What `readSite` says to a configuration with sections in place of the usual ones: "taken", or the message. */
export function refusal(change: Record<string, unknown>): string {
  try {
    readSite({ pools: { web }, ...change });
    return "taken";
  } catch (error) {
    return String(error).replace(/^SiteConfigError: /, "");
  }
}

/** The same for a pool with some keys that are not the usual ones. */
export const inPool = (change: Record<string, unknown>): string => refusal({ pools: { web: { ...web, ...change } } });

/** And for a route before the one that takes the rest. */
export const onRoute = (change: Record<string, unknown>): string =>
  refusal({
    routes: [
      { path: "/shop", pool: "web", ...change },
      { path: "/", pool: "web" },
    ],
  });
