import type { StaticCase } from "./case.ts";
import { files, lastModified } from "./files.ts";
import type { Coding } from "../../../shared/http/static-file.ts";

type Headers = Readonly<Record<string, string>>;

const gives = (
  clause: string,
  title: string,
  accept: string | null,
  coding: Coding | undefined,
  more: Headers = {},
  file = "style.css",
): StaticCase => ({
  clause,
  title,
  path: `/${file}`,
  headers: { ...(accept !== null && { "Accept-Encoding": accept }), ...more },
  status: 200,
  file,
  ...(coding !== undefined && { coding }),
  fields: { "content-encoding": coding ?? null },
});

const unchanged = (
  clause: string,
  title: string,
  accept: string,
  coding: Coding | undefined,
  tag: string,
): StaticCase => ({
  clause,
  title,
  path: "/style.css",
  headers: { "Accept-Encoding": accept, "If-None-Match": tag },
  status: 304,
  file: "style.css",
  ...(coding !== undefined && { coding }),
});

const part = (clause: string, title: string, more: Headers, file = "style.css"): StaticCase => ({
  clause,
  title,
  path: `/${file}`,
  headers: { "Accept-Encoding": "br, gzip", Range: "bytes=10-19", ...more },
  status: 206,
  file,
  range: [10, 19],
  fields: { "content-range": `bytes 10-19/${Buffer.byteLength(files[file] ?? "")}`, "content-length": "10" },
});

/** RFC 9110 12.5.3, and what compression has to do with conditions and ranges. */
export const negotiationCases: readonly StaticCase[] = [
  gives("12.5.3", "no Accept-Encoding: as it is", null, undefined),
  gives("12.5.3", "brotli", "br", "br"),
  gives("12.5.3", "gzip", "gzip", "gzip"),
  gives("12.5.3", "both: brotli", "br, gzip", "br"),
  gives("12.4.2", "gzip by weight", "gzip, br;q=0.5", "gzip"),
  gives("12.4.2", "brotli refused", "br;q=0, gzip", "gzip"),
  gives("12.4.2", "both refused", "br;q=0, gzip;q=0", undefined),
  gives("12.5.3", "nothing but the bytes as they are", "identity", undefined),
  gives("12.4.2", "the bytes as they are by weight", "identity, gzip;q=0.5", undefined),
  gives("8.4.1", "names have no case", "GZIP", "gzip"),
  gives("12.5.3", "a coding that we do not have", "deflate", undefined),
  gives("8.4.1", "a picture is not compressed", "br, gzip", undefined, {}, "photo.png"),
  gives("12.5.3", "several ranges leave it compressed", "gzip", "gzip", { Range: "bytes=0-1,5-6" }),
  gives("13.1.5", "a failed If-Range leaves it compressed", "gzip", "gzip", {
    Range: "bytes=0-9",
    "If-Range": '"other"',
  }),
  gives("13.1.5", "If-Range of a variant is not of the bytes as they are", "gzip", "gzip", {
    Range: "bytes=0-9",
    "If-Range": "{gzip}",
  }),
  gives("8.8.2.2", "If-Range a date, where compressed bytes have it too", "gzip", "gzip", {
    Range: "bytes=0-9",
    "If-Range": lastModified,
  }),
  { ...gives("9.3.2", "HEAD tells of the variant", "br", "br"), method: "HEAD" },
  {
    ...gives("9.3.2", "HEAD with a range tells of the variant", "gzip", "gzip", { Range: "bytes=0-9" }),
    method: "HEAD",
  },
  gives("12.5.3", "a page in brotli", "br", "br", {}, "index.html"),
  gives("12.5.3", "a page in gzip", "gzip", "gzip", {}, "index.html"),
  {
    ...gives("12.5.5", "what else the answer depends on", "br", "br", {}, "module.mjs"),
    fields: { vary: "Origin, Accept-Encoding" },
  },
  gives("12.5.3", "a large file in brotli", "br", "br", {}, "big.txt"),
  gives("12.5.3", "a large file in gzip", "gzip", "gzip", {}, "big.txt"),
  gives("12.5.3", "a variant that is large itself", "gzip", "gzip", {}, "big.svg"),
  gives("12.5.3", "a large file as it is", null, undefined, {}, "big.txt"),
  {
    ...gives("8.4.1", "what got no smaller says that it is not compressed", "br, gzip", undefined, {}, "tiny.css"),
    fields: { "content-encoding": "identity", vary: null },
  },

  unchanged("13.1.2", "304 for the brotli variant", "br", "br", "{br}"),
  unchanged("13.1.2", "304 for the gzip variant", "gzip", "gzip", "{gzip}"),
  unchanged("13.1.2", "304 for a list of all variants", "gzip", "gzip", "{tag}, {br}, {gzip}"),
  gives("13.1.2", "the tag of another variant is of another", "gzip", "gzip", { "If-None-Match": "{tag}" }),
  gives("13.1.1", "If-Match of the variant", "gzip", "gzip", { "If-Match": "{gzip}" }),
  {
    clause: "13.1.1",
    title: "If-Match of another variant",
    path: "/style.css",
    headers: { "Accept-Encoding": "gzip", "If-Match": "{tag}" },
    status: 412,
  },
  {
    clause: "13.1.1",
    title: "If-Match of a variant, and a range of the bytes as they are",
    path: "/style.css",
    headers: { "Accept-Encoding": "gzip", "If-Match": "{gzip}", Range: "bytes=0-9" },
    status: 412,
  },

  {
    ...part("14.2", "a part is never compressed", {}),
    fields: {
      "content-encoding": "identity",
      "content-range": `bytes 10-19/${Buffer.byteLength(files["style.css"] ?? "")}`,
    },
  },
  part("13.1.5", "If-Range of the bytes as they are", { "If-Range": "{tag}" }),
  { ...part("14.2", "a part of a picture", {}, "photo.png"), fields: { "content-encoding": null } },
  {
    ...part("14.2", "a part for a client that takes no coding", { "Accept-Encoding": "br;q=0" }),
    fields: { "content-encoding": null },
  },
  {
    clause: "15.5.17",
    title: "a part that is not there, whatever the client takes",
    path: "/style.css",
    headers: { "Accept-Encoding": "br, gzip", Range: "bytes=999999-" },
    status: 416,
  },
];
