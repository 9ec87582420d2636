import type { StaticCase } from "./case.ts";
import { files, lastModified } from "./files.ts";

const sizeOf = (name: string): number => Buffer.byteLength(files[name] ?? "");
const size = sizeOf("style.css");
const big = sizeOf("big.bin");

const part = (
  clause: string,
  title: string,
  value: string,
  range: readonly [number, number],
  more: Readonly<Record<string, string>> = {},
  file = "style.css",
): StaticCase => ({
  clause,
  title,
  path: `/${file}`,
  headers: { Range: value, ...more },
  status: 206,
  file,
  range,
  fields: {
    "content-range": `bytes ${range[0]}-${range[1]}/${sizeOf(file)}`,
    "content-length": `${range[1] - range[0] + 1}`,
  },
});

const whole = (clause: string, title: string, headers: Readonly<Record<string, string>>): StaticCase => ({
  clause,
  title,
  path: "/style.css",
  headers,
  status: 200,
  file: "style.css",
  fields: { "content-range": null },
});

const absent = (clause: string, title: string, value: string, file = "style.css"): StaticCase => ({
  clause,
  title,
  path: `/${file}`,
  headers: { Range: value },
  status: 416,
  fields: { "content-range": `bytes */${sizeOf(file)}`, etag: null },
});

/** RFC 9110 14, 13.1.5. */
export const rangeCases: readonly StaticCase[] = [
  part("14.1.2", "the first bytes", "bytes=0-9", [0, 9]),
  part("14.1.2", "bytes in the middle", "bytes=100-199", [100, 199]),
  part("14.1.2", "one byte", "bytes=5-5", [5, 5]),
  part("14.1.2", "the last byte by its number", `bytes=${size - 1}-`, [size - 1, size - 1]),
  part("14.1.2", "the rest", "bytes=100-", [100, size - 1]),
  part("14.1.2", "everything", "bytes=0-", [0, size - 1]),
  part("14.1.2", "beyond the end", "bytes=100-999999", [100, size - 1]),
  part("14.1.2", "the last bytes", "bytes=-100", [size - 100, size - 1]),
  part("14.1.2", "more last bytes than there are", "bytes=-999999", [0, size - 1]),
  part("14.1", "units have no case", "Bytes=0-9", [0, 9]),
  part("5.6.1.2", "empty elements", "bytes=,0-9,", [0, 9]),
  part("14.1.2", "the middle of a large file", "bytes=1500000-1500099", [1_500_000, 1_500_099], {}, "big.bin"),
  part("14.1.2", "the end of a large file", "bytes=-1000", [big - 1000, big - 1], {}, "big.bin"),
  part("14.1.2", "the head of a large file", "bytes=0-0", [0, 0], {}, "big.bin"),
  {
    ...part("RFC 9111 5.2.2.6", "a part is not to be transformed", "bytes=0-9", [0, 9]),
    fields: { "cache-control": "public, max-age=0, must-revalidate, no-transform" },
  },

  absent("15.5.17", "after the end", `bytes=${size}-`),
  absent("15.5.17", "far after the end", "bytes=999999-1000000"),
  absent("14.1.2", "no last bytes", "bytes=-0"),
  absent("15.5.17", "a number without end", `bytes=${"9".repeat(30)}-`),
  absent("15.5.17", "the first byte of an empty file", "bytes=0-", "empty.txt"),

  whole("14.2", "several ranges", { Range: "bytes=0-1,5-6" }),
  whole("14.2", "several ranges, one of them not there", { Range: "bytes=0-1,999999-" }),
  whole("14.1", "another unit", { Range: "lines=0-1" }),
  whole("14.1.1", "the last byte before the first", { Range: "bytes=9-0" }),
  whole("14.1.1", "no numbers", { Range: "bytes=-" }),
  whole("14.1.1", "letters", { Range: "bytes=a-b" }),
  whole("14.1.1", "a space inside", { Range: "bytes=0 - 9" }),
  whole("14.1.1", "no unit", { Range: "0-9" }),
  { ...whole("14.2", "HEAD has no ranges", { Range: "bytes=0-9" }), method: "HEAD" },

  part("13.1.5", "If-Range of the file", "bytes=0-9", [0, 9], { "If-Range": "{tag}" }),
  part("13.1.5", "If-Range the date of the file", "bytes=0-9", [0, 9], { "If-Range": lastModified }),
  part("5.6.7", "If-Range the date in another form", "bytes=0-9", [0, 9], { "If-Range": "Sun Jun  1 12:00:00 2025" }),
  whole("13.1.5", "If-Range of another file", { Range: "bytes=0-9", "If-Range": '"other"' }),
  whole("13.1.5", "If-Range is compared strongly", { Range: "bytes=0-9", "If-Range": "W/{tag}" }),
  whole("13.1.5", "If-Range takes no list", { Range: "bytes=0-9", "If-Range": '{tag}, "other"' }),
  whole("13.1.5", "If-Range an earlier date", { Range: "bytes=0-9", "If-Range": "Sun, 01 Jun 2025 11:59:59 GMT" }),
  whole("13.1.5", "If-Range a later date", { Range: "bytes=0-9", "If-Range": "Sun, 01 Jun 2025 12:00:01 GMT" }),
  whole("13.1.5", "If-Range neither tag nor date", { Range: "bytes=0-9", "If-Range": "yesterday" }),
  whole("13.1.5", "If-Range that fails makes 416 impossible", { Range: "bytes=999999-", "If-Range": '"other"' }),
  whole("13.1.5", "If-Range without a range", { "If-Range": "{tag}" }),
  part("13.2.2", "If-Match holds and the range is served", "bytes=0-9", [0, 9], { "If-Match": "{tag}" }),
  part("13.2.2", "If-None-Match of another file and the range", "bytes=0-9", [0, 9], { "If-None-Match": '"other"' }),
];
