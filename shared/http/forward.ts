import { limits } from "../kernel/limits.ts";
import type { HeaderFields } from "./fields.ts";
import { forwardedElement } from "./forwarded.ts";
import { removeHopByHop } from "./hop-by-hop.ts";
import { type Opening, opensWebSocket } from "./web-socket.ts";

/** What the front knows of a request's arrival. */
export interface Arrival extends Opening {
  /** The address of the client's end of the connection; `null` where the runtime does not tell. */
  readonly clientAddress: string | null;
  readonly protocol: "http" | "https";
  /** Version of HTTP by which the request came, such as `1.1` or `2`. */
  readonly version: string;
  /** Host and port as the client addressed them. */
  readonly host: string;
  readonly requestId: string;
  /**
   * `Accept-Encoding` as the client sent it, empty for none; `null` where only the request's own field is known. The
   * edge puts its own abilities in that field, and changes the coding of the answer for the client.
   */
  readonly acceptEncoding: string | null;
}

/** What a client could claim about its own address, beside `X-Forwarded-*`. */
const claims: ReadonlySet<string> = new Set(["true-client-ip", "x-client-ip", "x-cluster-client-ip"]);

const isClaim = (name: string): boolean => claims.has(name) || name.startsWith("x-forwarded-");

/** By which Trefoil tells the client where and how a request was served; the site configuration decides whether it does. */
const debugFields: ReadonlySet<string> = new Set([
  "x-served-by",
  "x-trefoil-node",
  "x-trefoil-bookmark",
  "server-timing",
]);

const isDebug = (name: string): boolean => debugFields.has(name);

/** The front's name in `Via`, RFC 9110 7.6.3: a pseudonym, for the machine is nobody's business. */
const pseudonym = "trefoil";

/**
 * Makes the fields of a client's request those of the request to an origin. Nothing in front of the front is trusted, so
 * what the client claims about its own arrival is dropped and not appended to (Caddy's and Traefik's default).
 *
 * `traceparent` and `tracestate` go on as they came: W3C Trace Context 3.3 lets an intermediary that takes no part in
 * the trace do that.
 *
 * @returns the bytes of the client's fields, names and values.
 */
export function forwardRequest(fields: HeaderFields, arrival: Arrival): number {
  const { clientAddress, protocol, version, host, requestId, acceptEncoding } = arrival;
  const webSocket = opensWebSocket(arrival, fields);
  const bytes = removeHopByHop(fields, isClaim);
  joinCookies(fields);
  put(fields, "X-Forwarded-For", clientAddress);
  put(fields, "X-Real-IP", clientAddress);
  fields.set("X-Forwarded-Proto", protocol);
  fields.set("X-Forwarded-Host", host);
  fields.set("Forwarded", forwardedElement(arrival));
  fields.set("X-Request-Id", requestId);
  fields.append("Via", `${version} ${pseudonym}`);
  if (acceptEncoding !== null) put(fields, "Accept-Encoding", acceptEncoding || null);
  if (webSocket) askForWebSocket(fields);
  return bytes;
}

/** Where two `Cookie` lines were made one, by the comma that joins other fields. None stands so in a cookie: RFC 6265 4.1.1. */
const cookieLineEnd = /, (?=[!#$%&'*+.^_`|~0-9A-Za-z-]+=)/g;

/** Gives cookies the separator that parsers know, as RFC 9113 8.2.3 does for those that come on several lines. */
function joinCookies(fields: HeaderFields): void {
  const cookie = fields.get("Cookie");
  if (cookie?.includes(", ")) fields.set("Cookie", cookie.replaceAll(cookieLineEnd, "; "));
}

function put(fields: HeaderFields, name: string, value: string | null): void {
  if (value === null) fields.delete(name);
  else fields.set(name, value);
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
 * @param status of the response. One without content may not state a length (RFC 9110 8.6).
 * @param service what the debug headers say; `null` to give away nothing, not even what the origin says.
 */
export function forwardResponse(fields: HeaderFields, status: number, service: Service | null): void {
  removeHopByHop(fields, service === null ? isDebug : undefined);
  if (status === 204) fields.delete("Content-Length");
  fields.append("Via", `1.1 ${pseudonym}`);
  if (service !== null) describe(fields, service);
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
