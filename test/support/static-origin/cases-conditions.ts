import type { StaticCase } from "./case.ts";
import { lastModified } from "./files.ts";

const earlier = "Sun, 01 Jun 2025 11:59:59 GMT";
const later = "Sun, 01 Jun 2025 12:00:01 GMT";

const about = (
  clause: string,
  title: string,
  status: number,
  headers: Readonly<Record<string, string>>,
): StaticCase => ({
  clause,
  title,
  path: "/style.css",
  headers,
  status,
  ...(status !== 412 && { file: "style.css" }),
});

/** RFC 9110 13. */
export const conditionCases: readonly StaticCase[] = [
  about("13.1.2", "If-None-Match of the file", 304, { "If-None-Match": "{tag}" }),
  { ...about("13.1.2", "If-None-Match of the file, HEAD", 304, { "If-None-Match": "{tag}" }), method: "HEAD" },
  about("13.1.2", "If-None-Match is compared weakly", 304, { "If-None-Match": "W/{tag}" }),
  about("13.1.2", "If-None-Match with a list", 304, { "If-None-Match": '"other", {tag}' }),
  about("13.1.2", "If-None-Match with a weak list", 304, { "If-None-Match": 'W/"other",W/{tag} , "more"' }),
  about("5.6.1.2", "If-None-Match with empty elements", 304, { "If-None-Match": ", {tag},," }),
  about("13.1.2", "If-None-Match: *", 304, { "If-None-Match": "*" }),
  about("13.1.2", "If-None-Match of another file", 200, { "If-None-Match": '"other"' }),
  about("13.1.2", "If-None-Match of other files", 200, { "If-None-Match": '"other", W/"another"' }),
  about("8.8.3", "If-None-Match without quotes", 200, { "If-None-Match": "other" }),
  about("8.8.3", "a comma inside a tag", 304, { "If-None-Match": '"a,b", {tag}' }),

  about("13.1.1", "If-Match of the file", 200, { "If-Match": "{tag}" }),
  about("13.1.1", "If-Match with a list", 200, { "If-Match": '"other", {tag}' }),
  about("13.1.1", "If-Match: *", 200, { "If-Match": "*" }),
  about("13.1.1", "If-Match of another file", 412, { "If-Match": '"other"' }),
  { ...about("13.1.1", "If-Match of another file, HEAD", 412, { "If-Match": '"other"' }), method: "HEAD" },
  about("13.1.1", "If-Match is compared strongly", 412, { "If-Match": "W/{tag}" }),

  about("13.1.3", "If-Modified-Since the change", 304, { "If-Modified-Since": lastModified }),
  {
    ...about("13.1.3", "If-Modified-Since the change, HEAD", 304, { "If-Modified-Since": lastModified }),
    method: "HEAD",
  },
  about("13.1.3", "If-Modified-Since a second later", 304, { "If-Modified-Since": later }),
  about("13.1.3", "If-Modified-Since a second before", 200, { "If-Modified-Since": earlier }),
  about("13.1.3", "If-Modified-Since no date", 200, { "If-Modified-Since": "yesterday" }),
  about("5.6.7", "If-Modified-Since as of RFC 850", 304, { "If-Modified-Since": "Sunday, 01-Jun-25 12:00:00 GMT" }),
  about("5.6.7", "If-Modified-Since as of asctime", 304, { "If-Modified-Since": "Sun Jun  1 12:00:00 2025" }),
  about("5.6.7", "If-Modified-Since a day that is none", 200, { "If-Modified-Since": "Mon, 31 Jun 2025 12:00:00 GMT" }),

  about("13.1.4", "If-Unmodified-Since the change", 200, { "If-Unmodified-Since": lastModified }),
  about("13.1.4", "If-Unmodified-Since a second later", 200, { "If-Unmodified-Since": later }),
  about("13.1.4", "If-Unmodified-Since a second before", 412, { "If-Unmodified-Since": earlier }),
  about("13.1.4", "If-Unmodified-Since no date", 200, { "If-Unmodified-Since": "yesterday" }),

  about("13.2.2", "If-Match and If-None-Match both hold", 304, { "If-Match": "{tag}", "If-None-Match": "{tag}" }),
  about("13.2.2", "If-Match goes first", 412, { "If-Match": '"other"', "If-None-Match": "{tag}" }),
  about("13.2.2", "If-Match in place of If-Unmodified-Since", 200, {
    "If-Match": "{tag}",
    "If-Unmodified-Since": earlier,
  }),
  about("13.1.3", "If-None-Match in place of If-Modified-Since", 200, {
    "If-None-Match": '"other"',
    "If-Modified-Since": lastModified,
  }),
  about("13.1.3", "If-None-Match holds though the date does not", 304, {
    "If-None-Match": "{tag}",
    "If-Modified-Since": earlier,
  }),
  about("13.2.2", "If-Unmodified-Since goes before If-None-Match", 412, {
    "If-Unmodified-Since": earlier,
    "If-None-Match": "{tag}",
  }),
  about("13.2.2", "conditions go before the range", 304, { "If-None-Match": "{tag}", Range: "bytes=0-9" }),
  about("13.2.2", "a failed condition goes before the range", 412, { "If-Match": '"other"', Range: "bytes=0-9" }),
  about("13.2.2", "a condition goes before a range that is not there", 304, {
    "If-None-Match": "{tag}",
    Range: "bytes=999999-",
  }),
  {
    clause: "13.2.1",
    title: "conditions are not for an answer that is no success",
    path: "/none.css",
    headers: { "If-Match": '"other"', "If-None-Match": "*" },
    status: 404,
  },
  {
    clause: "13.2.1",
    title: "conditions do not make a method allowed",
    method: "POST",
    path: "/style.css",
    headers: { "If-None-Match": "*" },
    status: 405,
  },
  {
    ...about("15.4.5", "304 keeps what guides a cache", 304, { "If-None-Match": "{tag}" }),
    fields: { "cache-control": "public, max-age=0, must-revalidate", "content-length": null, "content-encoding": null },
  },
];
