import type { Redirect } from "./redirects.ts";
import { encodePath } from "./url-path.ts";

/** The content codings of RFC 9110 8.4.1 in which files are kept ready, the preferred one first. */
export const codings = ["br", "gzip"] as const;

/** A coding in which a file may be kept ready. */
export type Coding = (typeof codings)[number];

/** Bytes that can be sent: those of a file as it is, or of a variant of it. */
export interface Representation {
  readonly sizeBytes: number;
  /** The strong entity tag of these very bytes (RFC 9110 8.8.3), without quotes. */
  readonly tag: string;
}

/** A file of the folder `public`, as the build found it. */
export interface StaticFile extends Representation {
  /** `Content-Type`, RFC 9110 8.3. */
  readonly type: string;
  /** `Last-Modified` in seconds since 1970: the same on all servers. */
  readonly modifiedS: number;
  /** Whether somebody on the way might compress it, because it pays for files of its type. */
  readonly compressible: boolean;
  /** The codings that made the file smaller. */
  readonly variants: { readonly [coding in Coding]?: Representation };
}

/** What the build knows of the folder `public`. */
export interface Manifest {
  /** By path as it is after percent-decoding, such as `/assets/site.css`. */
  readonly files: Readonly<Record<string, StaticFile>>;
  /** Whether there is a file `_headers`, which adds fields to answers. */
  readonly hasHeaders: boolean;
  /** The rules of the file `_redirects`. */
  readonly redirects: readonly Redirect[];
}

/** Folder of the variants among the assets. No request can name what is in it: only paths of files are looked up. */
export const variantsFolder = "_encoded";

/** Where the assets binding has the bytes, as the path of a URL: the file at its own path, a variant under the tag of the file. */
export function assetPath(path: string, { tag }: StaticFile, coding: Coding | null): string {
  return coding === null ? encodePath(path) : `/${variantsFolder}/${tag}.${coding}`;
}
