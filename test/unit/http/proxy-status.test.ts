import { expect, it } from "vitest";
import { proxyStatus } from "../../../shared/http/proxy-status.ts";

it.each([
  ["server-failed", "connection_terminated"],
  ["no-server", "destination_unavailable"],
  ["not-running", "proxy_configuration_error"],
  ["deadline-exceeded", "http_response_timeout"],
  ["unauthorized", "http_request_denied"],
  ["rate-limited", "http_request_denied"],
  ["request-timeout", "http_request_error"],
  ["method-not-allowed", "http_request_error"],
  ["internal", "proxy_internal_error"],
] as const)("says of %s what RFC 9209 2.3 calls it: %s", (code, type) => {
  expect(proxyStatus(code)).toBe(`trefoil; error=${type}`);
});
