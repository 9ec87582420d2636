import { type ErrorCode, errors } from "../kernel/error.ts";

/** Proxy error types of RFC 9209 2.3 for the failures that only the front can have. */
const types: Partial<Record<ErrorCode, string>> = {
  "server-failed": "connection_terminated",
  "no-server": "destination_unavailable",
  "not-running": "proxy_configuration_error",
  "deadline-exceeded": "http_response_timeout",
  unauthorized: "http_request_denied",
  "rate-limited": "http_request_denied",
};

/** The `Proxy-Status` of an answer that the front made in place of a server, RFC 9209 2. Like `Via`, it names no machine. */
export function proxyStatus(code: ErrorCode): string {
  const type = types[code] ?? (errors[code].status < 500 ? "http_request_error" : "proxy_internal_error");
  return `trefoil; error=${type}`;
}
