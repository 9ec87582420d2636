import { targetOfBinding } from "../../shared/admin/fault.ts";
import type { ServerConfig } from "../../shared/config/pool.ts";
import { serviceBinding } from "./binding.ts";

/** Where a server is, as the site configuration says it. */
export type ServerAddress = Pick<ServerConfig, "binding" | "url">;

/** How a server is asked. By a URL that is parsed: in one as a client sends it, nobody knows where the path begins. */
export type Ask = (url: URL, init: RequestInit) => Promise<Response>;

/**
 * The way to a server: a service binding, or the network.
 *
 * @param env the bindings of the Worker that asks.
 * @returns `null` when it has no such binding.
 */
export function wayTo(env: object, { binding, url }: ServerAddress): Ask | null {
  if (url !== undefined) return (asked, init) => fetch(url + pathOf(asked), init);
  const service = serviceBinding(env, binding ?? "");
  return service === null ? null : (asked, init) => service.fetch(asked.href, init);
}

/** What stands after the host in a URL. */
const pathOf = ({ href }: URL): string => href.slice(href.indexOf("/", href.indexOf("//") + 2));

/** The server as a target of faults; one that is no Worker suffers none. */
export const targetOf = ({ binding }: ServerAddress): string => targetOfBinding(binding ?? "");
