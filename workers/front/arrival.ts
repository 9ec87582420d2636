import { forwardRequest } from "../../shared/http/forward.ts";
import { addressOf } from "../../shared/http/forwarded.ts";
import type { Visit } from "./visit.ts";

/** The fields of a client's request as the next hop gets them, and the size of those that came. */
export function fieldsForNextHop(visit: Visit): { readonly headers: Headers; readonly headerBytes: number } {
  const headers = new Headers(visit.request.headers);
  if (visit.upload === null) headers.delete("Content-Length");
  return { headers, headerBytes: forwardRequest(headers, visit) };
}

/** What the runtime says of a request's connection, or the edge of the client's. */
type Cf = Request["cf"];

/** Where workerd itself has the connection it knows best; behind Cloudflare's edge, that says who the client is. */
export function clientAddressOf(cf: Cf, headers: Headers): string | null {
  const peer = cf?.["clientIp"];
  return (typeof peer === "string" && addressOf(peer)) || headers.get("CF-Connecting-IP");
}

/** Where there is an edge, only it knows what the client sent. */
export function acceptEncodingOf(cf: Cf): string | null {
  const field = cf?.clientAcceptEncoding;
  return typeof field === "string" ? field : null;
}

/** `HTTP/2` as the `2` of `Via`, RFC 9110 7.6.3. */
export function versionOf(cf: Cf): string {
  const protocol = cf?.httpProtocol;
  return (typeof protocol === "string" && /^HTTP\/([\d.]+)$/.exec(protocol)?.[1]) || "1.1";
}
