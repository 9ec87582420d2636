import { createHash } from "node:crypto";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { RawResponse } from "../raw-http.ts";

/** Something that two servers say differently of the same file. */
export interface Disagreement {
  /** `status`, `content`, `etag`, or the name of a field. */
  readonly aspect: string;
  readonly ours: string | undefined;
  readonly theirs: string | undefined;
}

const decoders: Readonly<Record<string, (bytes: Buffer) => Buffer>> = { br: brotliDecompressSync, gzip: gunzipSync };

/** The bytes of a body without their coding. */
export const decoded = (bytes: Buffer, coding = ""): Buffer =>
  bytes.byteLength === 0 ? bytes : (decoders[coding]?.(bytes) ?? bytes);

const ofContent = [
  "accept-ranges",
  "cache-control",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "last-modified",
  "vary",
];

/** What an answer says. Of one that stands for no file that is the status, and the fields that belong to it. */
function aspectsOf({ status, fields, body }: RawResponse): Readonly<Record<string, string | undefined>> {
  const isContent = [200, 206, 304].includes(status);
  const names = isContent ? ofContent : ["allow", "content-range", "location"];
  const bytes = decoded(body, fields["content-encoding"]);
  return {
    status: `${status}`,
    // Each server makes its own tags: only their strength can be alike.
    etag: fields.etag === undefined ? undefined : fields.etag.startsWith("W/") ? "weak" : "strong",
    ...Object.fromEntries(names.map((name) => [name, fields[name]?.toString()])),
    ...(isContent && { content: createHash("sha256").update(bytes).digest("hex") }),
    // What the proxy of wrangler does: it sends HTML in chunks, and says that the nothing of a 304 is compressed.
    ...(fields["content-type"]?.startsWith("text/html") && { "content-length": undefined }),
    ...(status === 304 && { "content-encoding": undefined }),
  };
}

/** In what two answers differ. With another status all else is another as well, so then it is that alone. */
export function compare(ours: RawResponse, theirs: RawResponse): readonly Disagreement[] {
  const [a, b] = [aspectsOf(ours), aspectsOf(theirs)];
  const names = ours.status === theirs.status ? [...new Set([...Object.keys(a), ...Object.keys(b)])] : ["status"];
  return names
    .map((aspect) => ({ aspect, ours: a[aspect], theirs: b[aspect] }))
    .filter((each) => each.ours !== each.theirs);
}
