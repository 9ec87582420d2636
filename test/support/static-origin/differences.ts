import type { StaticCase } from "./case.ts";
import type { Disagreement } from "./compare.ts";

/** Something in which Trefoil is not like nginx, on purpose. `docs/http.md` gives the reason to each name. */
interface Difference {
  readonly name: string;
  readonly explains: (disagreement: Disagreement, at: StaticCase) => boolean;
}

/** Another status, and from which to which, in these cases and no others. */
const status =
  (ours: number, theirs: number, ...titles: readonly string[]): Difference["explains"] =>
  (found, { title }) =>
    found.aspect === "status" && found.ours === `${ours}` && found.theirs === `${theirs}` && titles.includes(title);

const any =
  (...reasons: readonly Difference["explains"][]): Difference["explains"] =>
  (found, at) =>
    reasons.some((explains) => explains(found, at));

/** One side sends the field, the other does not. */
const onlyOurs =
  (field: string): Difference["explains"] =>
  (found) =>
    found.aspect === field && found.ours !== undefined && found.theirs === undefined;

const types: readonly (readonly [ours: string, theirs: string])[] = [
  ["text/javascript; charset=utf-8", "application/javascript; charset=utf-8"],
  ["text/javascript; charset=utf-8", "application/octet-stream"],
  ["image/vnd.microsoft.icon", "image/x-icon"],
  ["application/xml; charset=utf-8", "text/xml; charset=utf-8"],
  ["application/manifest+json; charset=utf-8", "application/octet-stream"],
];

/** All of them, in the order of the document. */
export const differences: readonly Difference[] = [
  {
    name: "brotli",
    explains: any(
      status(304, 200, "304 for the brotli variant"),
      ({ aspect }, { coding }) =>
        coding === "br" && ["content-encoding", "content-length", "accept-ranges"].includes(aspect),
      // A file of which only brotli makes less.
      (found) => found.aspect === "vary" && found.ours === "Accept-Encoding" && found.theirs === undefined,
    ),
  },
  {
    name: "weights of codings",
    explains: ({ aspect }, { title }) =>
      title === "the bytes as they are by weight" &&
      ["content-encoding", "content-length", "accept-ranges"].includes(aspect),
  },
  {
    name: "ranges of compressed files",
    explains: any(
      status(206, 200, "a part is never compressed", "If-Range of the bytes as they are"),
      status(412, 200, "If-Match of a variant, and a range of the bytes as they are"),
      status(416, 200, "a part that is not there, whatever the client takes"),
      (found, at) => at.coding === "gzip" && onlyOurs("accept-ranges")(found, at),
    ),
  },
  {
    name: "parts",
    explains: (found, at) =>
      at.status === 206 &&
      (onlyOurs("accept-ranges")(found, at) ||
        (found.aspect === "cache-control" && found.ours === `${found.theirs}, no-transform`)),
  },
  {
    name: "Content-Encoding: identity",
    explains: (found) => found.aspect === "content-encoding" && found.ours === "identity" && found.theirs === undefined,
  },
  {
    name: "malformed ranges",
    explains: any(
      status(200, 416, "the last byte before the first", "no numbers", "letters"),
      status(206, 416, "empty elements"),
      status(200, 206, "a space inside"),
    ),
  },
  { name: "several ranges", explains: status(200, 206, "several ranges, one of them not there") },
  { name: "ranges of an empty file", explains: status(416, 200, "the first byte of an empty file") },
  { name: "ranges and HEAD", explains: status(200, 206, "HEAD has no ranges") },
  {
    name: "If-Unmodified-Since",
    explains: status(200, 412, "If-Match in place of If-Unmodified-Since", "If-Unmodified-Since no date"),
  },
  {
    name: "If-None-Match beside a date",
    explains: status(304, 200, "If-None-Match holds though the date does not"),
  },
  {
    name: "Last-Modified on 304",
    explains: (found, at) => at.status === 304 && found.aspect === "last-modified" && found.ours === undefined,
  },
  { name: "OPTIONS", explains: status(204, 405, "OPTIONS says what is allowed") },
  { name: "Allow", explains: (found, at) => at.status === 405 && onlyOurs("allow")(found, at) },
  { name: "folders without an index", explains: status(404, 403, "a folder without an index") },
  { name: "encoded slashes", explains: status(404, 200, "an encoded slash is no delimiter") },
  {
    name: "paths that lead out",
    explains: status(
      404,
      400,
      "a NUL",
      "a way out of the folder",
      "an encoded way out",
      "a way out with an encoded slash",
    ),
  },
  {
    name: "media types",
    explains: ({ aspect, ours, theirs }) =>
      aspect === "content-type" && types.some(([a, b]) => a === ours && b === theirs),
  },
  {
    name: "_headers",
    explains: (found, { path }) =>
      (path === "/module.mjs" && found.aspect === "vary" && found.ours === "Origin, Accept-Encoding") ||
      (path === "/read.md" && found.aspect === "content-type"),
  },
];
