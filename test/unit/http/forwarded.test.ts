import { expect, it } from "vitest";
import { addressOf } from "../../../shared/http/forwarded.ts";

it.each([
  ["192.0.2.7:4711", "192.0.2.7"],
  ["[2001:db8::7]:4711", "2001:db8::7"],
  ["[::ffff:192.0.2.7]:1", "::ffff:192.0.2.7"],
  ["192.0.2.7", null],
  ["unix:/run/socket", null],
  ["", null],
])("of %s, the address is %s", (peer, address) => {
  expect(addressOf(peer)).toBe(address);
});
