import type { StaticFile } from "../../../shared/http/static-file.ts";
import { present } from "../../../shared/kernel/assert.ts";
import { type Address, askRaw, type RawResponse } from "../raw-http.ts";
import type { StaticCase } from "./case.ts";

/** Entity tags with their quotes, by the names of the placeholders. */
export type Tags = Readonly<Record<string, string | undefined>>;

/** The tags of a file of our own. */
export function tagsOf({ tag, variants: { br, gzip } }: StaticFile): Tags {
  const quoted = (opaque: string | undefined) => opaque && `"${opaque}"`;
  return { tag: quoted(tag), br: quoted(br?.tag), gzip: quoted(gzip?.tag) };
}

/** Puts tags in place of `{tag}`, `{br}` and `{gzip}`. */
export const filled = (text: string, tags: Tags): string =>
  text.replaceAll(/\{(\w+)\}/g, (_, name: string) => present(tags[name], name));

/** Asks what the case asks. */
export function askCase(
  address: Address,
  { method, path, headers = {} }: StaticCase,
  tags: Tags,
): Promise<RawResponse> {
  const given = Object.entries(headers).map(([name, value]) => [name, filled(value, tags)]);
  return askRaw(address, { method, path, headers: Object.fromEntries(given) as Record<string, string> });
}
