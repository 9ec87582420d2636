import { forwardRequest } from "../../shared/http/forward.ts";
import { addressOf } from "../../shared/http/forwarded.ts";
import { bodyIn } from "./upload.ts";
import type { Visit } from "./visit.ts";

/** The fields of a client's request as the next hop gets them, and the size of those that came. */
export function fieldsForNextHop(visit: Visit): { readonly headers: Headers; readonly headerBytes: number } {
  const { request, url, clientAddress, httpVersion, requestId } = visit;
  const headers = new Headers(request.headers);
  if (bodyIn(request) === null) headers.delete("Content-Length");
  const headerBytes = forwardRequest(headers, {
    method: request.method,
    hasContent: request.body !== null,
    clientAddress,
    protocol: url.protocol === "https:" ? "https" : "http",
    version: httpVersion,
    host: url.host,
    requestId,
    acceptEncoding: acceptEncodingOf(request),
  });
  return { headers, headerBytes };
}

/** Where workerd itself has the connection it knows best; behind Cloudflare's edge, that says who the client is. */
export function clientAddressOf({ cf, headers }: Request): string | null {
  const peer = cf?.["clientIp"];
  return (typeof peer === "string" && addressOf(peer)) || headers.get("CF-Connecting-IP");
}

/** Where there is an edge, only it knows what the client sent. */
function acceptEncodingOf({ cf }: Request): string | null {
  const field = cf?.clientAcceptEncoding;
  return typeof field === "string" ? field : null;
}

/** `HTTP/2` as the `2` of `Via`, RFC 9110 7.6.3. */
export function versionOf({ cf }: Request): string {
  const protocol = cf?.httpProtocol;
  return (typeof protocol === "string" && /^HTTP\/([\d.]+)$/.exec(protocol)?.[1]) || "1.1";
}
