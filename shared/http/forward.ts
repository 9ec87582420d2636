import { limits } from "../kernel/limits.ts";
import type { HeaderFields } from "./fields.ts";
import { removeHopByHop } from "./hop-by-hop.ts";

/** What the front knows of a request's arrival. */
export interface Arrival {
  /** The address of the client's end of the connection; `null` where the runtime does not tell. */
  readonly clientAddress: string | null;
  readonly protocol: "http" | "https";
  /** Host and port as the client addressed them. */
  readonly host: string;
  readonly requestId: string;
}

/** By which Trefoil tells the client where and how a request was served; the site configuration decides whether it does. */
const debugFields = ["X-Served-By", "X-Trefoil-Node", "X-Trefoil-Bookmark", "Server-Timing"];

/**
 * Makes the fields of a client's request those of the request to an origin. Nothing in front of the front is trusted, so
 * what the client claims about its own arrival is dropped and not appended to (Caddy's and Traefik's default).
 */
export function forwardRequest(fields: HeaderFields, { clientAddress, protocol, host, requestId }: Arrival): void {
  const webSocket = fields.get("Upgrade")?.toLowerCase() === "websocket";
  removeHopByHop(fields);
  fields.delete("Forwarded");
  if (clientAddress === null) fields.delete("X-Forwarded-For");
  else fields.set("X-Forwarded-For", clientAddress);
  fields.set("X-Forwarded-Proto", protocol);
  fields.set("X-Forwarded-Host", host);
  fields.set("X-Request-Id", requestId);
  if (webSocket) askForWebSocket(fields);
}

/** An intermediary asks for the upgrade in its own name: RFC 9110 7.8, RFC 6455 4.1. */
function askForWebSocket(fields: HeaderFields): void {
  fields.set("Connection", "Upgrade");
  fields.set("Upgrade", "websocket");
}

/** How a request was served, for the debug headers. */
export interface Service {
  /** The server's name. */
  readonly servedBy: string;
  /** From the request's arrival until the header of the response. */
  readonly durationMs: number;
}

/**
 * Makes the fields of an origin's response those of the response to the client.
 *
 * @param service what the debug headers say; `null` to give away nothing, not even what the origin says.
 */
export function forwardResponse(fields: HeaderFields, service: Service | null): void {
  removeHopByHop(fields);
  if (service === null) for (const name of debugFields) fields.delete(name);
  else describe(fields, service);
}

/** `Server-Timing`: W3C Server Timing 2; the origin's own entries stay. */
function describe(fields: HeaderFields, { servedBy, durationMs }: Service): void {
  fields.set("X-Served-By", servedBy);
  fields.append("Server-Timing", `front;dur=${durationMs}`);
}

/** What stands in a request id made elsewhere: UUID, ULID, base64, W3C trace ids; nothing that could end a log line. */
const saneRequestId = new RegExp(`^[A-Za-z0-9._:/+=@~-]{1,${limits.requestIdLength}}$`);

/**
 * The id under which a request is told as a story, through all logs: the client's own if it is sane.
 *
 * @param make makes a new one.
 */
export function requestIdOf(offered: string | null, make: () => string): string {
  return offered !== null && saneRequestId.test(offered) ? offered : make();
}
