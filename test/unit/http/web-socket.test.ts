import { expect, it } from "vitest";
import { opensWebSocket } from "../../../shared/http/web-socket.ts";

const handshake = {
  Upgrade: "WebSocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
};

const get = { method: "GET", hasContent: false };

it("a WebSocket is opened by a GET with the version and a key (RFC 6455 4.2.1), and by nothing else", () => {
  expect(opensWebSocket(get, new Headers(handshake))).toBe(true);
  for (const method of ["HEAD", "POST", "PUT"])
    expect(opensWebSocket({ ...get, method }, new Headers(handshake))).toBe(false);
  expect(opensWebSocket({ ...get, hasContent: true }, new Headers(handshake))).toBe(false);
  for (const field of Object.keys(handshake)) {
    const fields = new Headers(handshake);
    fields.delete(field);
    expect(opensWebSocket(get, fields)).toBe(false);
  }
  for (const [field, value] of [
    ["Upgrade", "h2c, websocket"],
    ["Sec-WebSocket-Version", "99"],
    ["Sec-WebSocket-Version", "13, 13"],
  ] as const)
    expect(opensWebSocket(get, new Headers({ ...handshake, [field]: value }))).toBe(false);
});
