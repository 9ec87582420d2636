import { expect, it } from "vitest";
import { isHost } from "../../../shared/http/host.ts";

it.each([
  "a",
  "www.foobar.com",
  "a_b.test",
  "a:",
  "a:8080",
  "127.0.0.1:65535",
  "[::1]",
  "[2001:db8::7]:80",
  "xn--bcher-kva.test",
  "A.b",
])("the name or address of a host, with a port or without, says for whom a request is: %s", (text) =>
  expect(isHost(text)).toBe(true),
);

it.each([
  "",
  " ",
  "a b",
  "a/b",
  "a?b",
  "a#b",
  "a\\b",
  "u@a",
  "a,b",
  "*.a",
  "a%2fb",
  "a:b",
  "a:123456",
  "a:1:2",
  "::1",
  "[::1",
  "[a.b]x",
  "<a>",
  "ä.test",
  "a\n",
])("anything else does not: %j", (text) => expect(isHost(text)).toBe(false));
