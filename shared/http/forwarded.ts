import type { Arrival } from "./forward.ts";

/** An element of `Forwarded`, RFC 7239 4: from whom, by which name and how a request came. */
export function forwardedElement({ clientAddress, host, protocol }: Arrival): string {
  return `for=${node(clientAddress)};host=${quoted(host)};proto=${protocol}`;
}

/** RFC 7239 6: an IPv6 address stands in brackets, and so in quotes; who is not known is `unknown`. */
function node(address: string | null): string {
  if (address === null) return "unknown";
  return quoted(address.includes(":") ? `[${address}]` : address);
}

/**
 * The address in what workerd says of a connection's other end, `192.0.2.7:4711` or `[2001:db8::7]:4711`; `null` for
 * anything else.
 */
export function addressOf(peer: string): string | null {
  const [, six, four] = /^(?:\[([\da-f:.]+)\]|([\d.]+)):\d+$/i.exec(peer) ?? [];
  return four ?? six ?? null;
}

const quoted = (value: string) => (isToken.test(value) ? value : `"${value.replaceAll(/["\\]/g, "\\$&")}"`);

/** RFC 9110 5.6.2. */
const isToken = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
