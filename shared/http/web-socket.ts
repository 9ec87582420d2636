import type { HeaderFields } from "./fields.ts";

/** What of a request decides, beside its fields. */
export interface Opening {
  readonly method: string;
  readonly hasContent: boolean;
}

/**
 * Whether a request opens a WebSocket: RFC 6455 4.2.1, as far as the runtime looks. It refuses one that does not only when
 * the answer is there, and does not see the end of one with content: either leaves the server with an open end that nobody
 * closes. So such a one is a request like any other (RFC 9110 7.8).
 */
export const opensWebSocket = ({ method, hasContent }: Opening, fields: Pick<HeaderFields, "get">): boolean =>
  fields.get("Upgrade")?.toLowerCase() === "websocket" &&
  method === "GET" &&
  !hasContent &&
  fields.get("Sec-WebSocket-Version") === "13" &&
  fields.get("Sec-WebSocket-Key") !== null;
