import { Dice } from "./dice.ts";

/** What a client sends on one connection, one byte a character. */
export interface Sent {
  readonly bytes: string;
  /** An id that stands in the body of a request that is framed as it should be: nobody may take that for a request. */
  readonly innerId: string;
}

/** Makes what a client sends: one to three requests, of which many have something wrong. A seed stands for the bytes. */
export function makeSent(seed: number): Sent {
  const dice = new Dice(seed);
  const innerId = `inner-${seed}`;
  const requests = Array.from({ length: dice.between(1, 3) }, () => makeRequest(dice, innerId));
  const bytes = dice.chance(0.05) ? nonsense(dice) + requests.join("") : requests.join("");
  return { bytes: dice.chance(0.05) ? bytes + nonsense(dice) : bytes, innerId };
}

const methods = ["GET", "GET", "HEAD", "POST", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "TRACE"];
const oddMethods = ["get", "FOO", "CONNECT", "", "GET,POST", "PRI", "\x00", "A".repeat(300)];
const paths = [
  "/counted",
  "/counted",
  "/sticky",
  "/small",
  "/old",
  "/keyed",
  "/edited",
  "/",
  "/_trefoil/livez",
  "/dns-query",
];
/** What the servers do: see `mock-origin`. */
const behaviours = [
  "socket",
  "socket",
  "socket",
  "leave-body",
  "early",
  "echo-body",
  "slow&ms=30",
  "large&bytes=200000",
  "404",
  "events",
  "drip",
];
const oddTargets = [
  "*",
  "?",
  "counted",
  "//elsewhere.test/counted",
  "http://elsewhere.test/counted",
  "http://",
  "/..//../counted",
  "/%zz%00%0d%0aX: y",
  "/counted#x",
  "/_trefoil/",
  "/_trefoil/api/faults",
  "/counted?a=echo&a=echo&%00=%ff",
  "/\xff",
  "/a b",
  `/counted?${"x".repeat(17_000)}`,
];
const versions = ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "http/1.1", "HTTP/1.1 x", ""];
const hosts = ["a/b", "a b", "u@a", "a,b", "[::1", "", "a:99999", "a?b", "*.test", "\xff", "a\r\nHost: b"];

const names = [
  "Accept",
  "Accept-Encoding",
  "Authorization",
  "CF-Connecting-IP",
  "Connection",
  "Cookie",
  "Expect",
  "Forwarded",
  "Idempotency-Key",
  "If-None-Match",
  "Keep-Alive",
  "Max-Forwards",
  "Proxy-Connection",
  "Range",
  "Sec-WebSocket-Key",
  "Sec-WebSocket-Version",
  "TE",
  "Trailer",
  "Upgrade",
  "Via",
  "X-Beta",
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Request-Id",
  "X-Trefoil-Faults",
  "!#$%&'*+-.^_`|~",
  "__proto__",
];
const values = [
  "",
  "1",
  "yes",
  "13",
  "websocket",
  "h2c",
  "100-continue",
  "close, x-foo, content-length",
  "keep-alive, host, cookie, x-request-id",
  "Upgrade",
  "TREFOIL_SRV=a",
  "x=1; TREFOIL_SRV =zz|AAAAA; TREFOIL_SRV=b, c=1",
  "TREFOIL_SRV=".repeat(50),
  "gzip;q=0, *;q=0",
  "text/html;q=x, */*;;q=2",
  "bytes=0-,5-2,-",
  "Basic =",
  'for="[::1]";host="',
  ',,;=;"',
  "\x80\xff",
  "\xf0\x9f\x98\x80",
  "\x01\x7f\t",
  "99999999999999999999",
  "-1",
  "a,".repeat(500),
  "x".repeat(5000),
];
const handshake = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
];
const oddLines = [
  "X-A : b",
  "X-A",
  ": b",
  "X\xe9: b",
  "X-A: a\r\n folded",
  "X-A: a\rb",
  "X-A: a\x00b",
  "X-A: a\nX-B: b",
  " X-A: b",
];

function makeRequest(dice: Dice, innerId: string): string {
  const isOdd = dice.chance(0.35);
  const method = isOdd && dice.chance(0.15) ? dice.pick(oddMethods) : dice.pick(methods);
  const target = isOdd && dice.chance(0.25) ? dice.pick(oddTargets) : makeTarget(dice);
  const version = isOdd && dice.chance(0.1) ? dice.pick(versions) : "HTTP/1.1";
  const host = isOdd && dice.chance(0.2) ? dice.pick(hosts) : "site.test";
  const fields = Array.from({ length: dice.between(0, 6) }, () => `${dice.pick(names)}: ${dice.pick(values)}`);
  if (dice.chance(0.02)) fields.push(...Array.from({ length: 1000 }, (_, index) => `X-${index}: y`));
  if (isOdd && dice.chance(0.2)) fields.push(dice.pick(oddLines));
  if (!(isOdd && dice.chance(0.05))) fields.push(`Host: ${host}`);
  if (dice.chance(target.includes("socket") ? 0.9 : 0.05)) fields.push(...dice.some(handshake, 4));
  const { framing, body } = isOdd && dice.chance(0.4) ? oddBody(dice) : honestBody(dice, innerId);
  const head = [`${method} ${target} ${version}`, ...shuffled(dice, [...fields, ...framing])];
  const bytes = `${head.join("\r\n")}\r\n\r\n`;
  return (isOdd && dice.chance(0.15) ? mutated(dice, bytes) : bytes) + body;
}

function makeTarget(dice: Dice): string {
  const path = dice.pick(paths);
  if (dice.chance(0.7)) return path;
  const behaviour = dice.pick(behaviours);
  return `${path}?a=${behaviour}&b=${behaviour}&c=${behaviour}`;
}

interface Body {
  readonly framing: readonly string[];
  readonly body: string;
}

const inner = (id: string) => `GET /counted HTTP/1.1\r\nHost: site.test\r\nX-Request-Id: ${id}\r\n\r\n`;

/** Whoever takes the framing for what it says finds no request in it. */
function honestBody(dice: Dice, innerId: string): Body {
  const text = dice.chance(0.5) ? inner(innerId) : "x".repeat(dice.pick([0, 1, 99, 101, 5000, 70_000]));
  return dice.weighed<Body>([
    [4, () => ({ framing: [], body: "" })],
    [3, () => ({ framing: [`Content-Length: ${text.length}`], body: text })],
    [2, () => ({ framing: ["Transfer-Encoding: chunked"], body: chunks(dice, text) })],
  ]);
}

function chunks(dice: Dice, text: string): string {
  const at = dice.below(text.length + 1);
  const parts = [text.slice(0, at), text.slice(at)].filter((part) => part !== "");
  const extension = dice.chance(0.2) ? ';a="b"' : "";
  const trailer = dice.chance(0.2) ? "X-Trailer: 1\r\n" : "";
  return `${parts.map((part) => `${part.length.toString(16)}${extension}\r\n${part}\r\n`).join("")}0\r\n${trailer}\r\n`;
}

/** The requests in it have an id that says nothing: whether they are some is a matter of how one reads. */
function oddBody(dice: Dice): Body {
  const text = inner("loose");
  const chunked = "Transfer-Encoding: chunked";
  return dice.pick<Body>([
    { framing: ["Content-Length: 3", chunked], body: `0\r\n\r\n${text}` },
    { framing: [chunked, `Content-Length: ${text.length + 5}`], body: `0\r\n\r\n${text}` },
    { framing: ["Content-Length: 3", "Content-Length: 4"], body: text },
    { framing: ["Content-Length: 3, 3"], body: text },
    { framing: ["Content-Length: +3"], body: text },
    { framing: ["Content-Length: 3"], body: text },
    { framing: [`Content-Length: ${text.length + 9}`], body: text },
    { framing: ["Content-Length: 90000"], body: text },
    { framing: ["Content-Length: 9223372036854775807"], body: text },
    { framing: ["Transfer-Encoding: xchunked"], body: `0\r\n\r\n${text}` },
    { framing: ["Transfer-Encoding: chunked, identity"], body: `0\r\n\r\n${text}` },
    { framing: ["Transfer-Encoding : chunked"], body: `0\r\n\r\n${text}` },
    { framing: ["Transfer-Encoding:\x0bchunked"], body: `0\r\n\r\n${text}` },
    { framing: [chunked], body: `5\nhello\r\n0\r\n\r\n${text}` },
    { framing: [chunked], body: `-5\r\nhello\r\n0\r\n\r\n${text}` },
    { framing: [chunked], body: `FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n${text}` },
    { framing: [chunked], body: "5\r\nhel" },
    { framing: [chunked], body: `5\r\nhelloX0\r\n\r\n${text}` },
    { framing: [chunked], body: `5;${"a".repeat(dice.pick([10, 20_000]))}\r\nhello\r\n0\r\nno field\r\n\r\n${text}` },
  ]);
}

const oddBytes = ["\x00", "\r", "\n", "\r\n", "\r\n\r\n", " ", "\t", ":", "\xff", "\x7f", "%", "HTTP/1.1"];

/** Puts something in, takes a byte out, or doubles a part. */
function mutated(dice: Dice, text: string): string {
  const at = dice.below(text.length);
  return dice.pick([
    () => text.slice(0, at) + dice.pick(oddBytes) + text.slice(at),
    () => text.slice(0, at) + text.slice(at + 1),
    () => text.slice(0, at) + text.slice(Math.max(0, at - 40)),
    () => text.replaceAll("\r\n", "\n"),
  ])();
}

const nonsense = (dice: Dice): string =>
  String.fromCharCode(...Array.from({ length: dice.between(1, 200) }, () => dice.below(256)));

function shuffled<Item>(dice: Dice, items: readonly Item[]): Item[] {
  const left = [...items];
  return items.flatMap(() => left.splice(dice.below(left.length), 1));
}
