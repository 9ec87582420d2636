import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Manifest, type Representation, type StaticFile, assetPath } from "../../shared/http/static-file.ts";
import { present } from "../../shared/kernel/assert.ts";
import type { RawResponse } from "../support/raw-http.ts";
import { startSite, type TestSite } from "../support/site.ts";
import { askCase, filled, type Tags, tagsOf } from "../support/static-origin/ask.ts";
import type { StaticCase } from "../support/static-origin/case.ts";
import { decoded } from "../support/static-origin/compare.ts";
import { staticCases } from "../support/static-origin/cases.ts";
import { lastModified } from "../support/static-origin/files.ts";
import { staticFolders, staticOrigins } from "../support/static-origin/workers.ts";

let site: TestSite;
let manifest: Manifest;

beforeAll(async () => {
  site = await startSite({ replace: staticOrigins });
  manifest = JSON.parse(await readFile(staticFolders.manifest, "utf8")) as Manifest;
});
afterAll(() => site.close());

const fileOf = (name: string): StaticFile => present(manifest.files[`/${name}`], name);

const representation = ({ file = "style.css", coding }: StaticCase): Representation =>
  coding === undefined ? fileOf(file) : present(fileOf(file).variants[coding], coding);

const tagsFor = ({ path }: StaticCase): Tags => tagsOf(manifest.files[path] ?? fileOf("style.css"));

async function bytesOf({ file = "", coding, range }: StaticCase): Promise<Buffer> {
  const path = decodeURIComponent(assetPath(`/${file}`, fileOf(file), coding ?? null));
  const bytes = await readFile(join(staticFolders.target, path));
  return range === undefined ? bytes : bytes.subarray(range[0], range[1] + 1);
}

/** What every answer that sends a file, or tells of it by HEAD, has to say of it. */
async function checkContent(each: StaticCase, { fields, body }: RawResponse): Promise<void> {
  const bytes = await bytesOf(each);
  const { type, variants } = fileOf(each.file ?? "");
  // The proxy of wrangler sends HTML in chunks, and compresses it anew: then it is only the same when it is decoded.
  const isPage = type.startsWith("text/html");
  const same = isPage ? decoded(body, each.coding).equals(decoded(bytes, each.coding)) : body.equals(bytes);
  expect(same || (each.method === "HEAD" && body.byteLength === 0), "the bytes").toBe(true);
  if (!isPage) expect(fields["content-length"]).toBe(`${bytes.byteLength}`);
  expect(fields).toMatchObject({
    "last-modified": lastModified,
    "accept-ranges": "bytes",
    etag: `"${representation(each).tag}"`,
    "x-content-type-options": "nosniff",
  });
  if (each.fields?.["content-type"] === undefined) expect(fields["content-type"]).toBe(type);
  checkVary(fields, variants);
}

function checkVary(fields: RawResponse["fields"], variants: StaticFile["variants"]): void {
  const names = fields.vary?.split(/, */) ?? [];
  expect(names.includes("Accept-Encoding")).toBe(Object.keys(variants).length > 0);
}

/** 304, RFC 9110 15.4.5. */
function checkUnchanged(each: StaticCase, { fields, body }: RawResponse): void {
  expect(body).toHaveLength(0);
  expect(fields.etag).toBe(`"${representation(each).tag}"`);
  expect(fields["cache-control"]).toBeDefined();
  for (const name of ["content-type", "last-modified", "accept-ranges"]) expect(fields[name], name).toBeUndefined();
  checkVary(fields, fileOf(each.file ?? "").variants);
}

/** 405, 412, 416 and 204 are not about the content. The proxy of wrangler compresses even no bytes. */
function checkRefused({ fields, body }: RawResponse): void {
  expect(decoded(body, fields["content-encoding"])).toHaveLength(0);
  for (const name of ["etag", "last-modified"]) expect(fields[name], name).toBeUndefined();
}

describe("a static file", () => {
  it.each(staticCases.map((each) => [each.clause, each.title, each] as const))(
    "%s: %s",
    async (_clause, _title, each) => {
      const response = await askCase(site.url, each, tagsFor(each));
      expect(response.status).toBe(each.status);
      for (const [name, value] of Object.entries(each.fields ?? {})) {
        expect(response.fields[name], name).toBe(value === null ? undefined : filled(value, tagsFor(each)));
      }
      if (each.file !== undefined && each.status !== 304) await checkContent(each, response);
      if (each.status === 304) checkUnchanged(each, response);
      if ([204, 405, 412, 416].includes(each.status)) checkRefused(response);
      if (each.status === 404) expect(response.body.toString()).toContain("There is nothing at this address.");
    },
  );
});

it("the cases have names of their own", () => {
  expect(new Set(staticCases.map(({ title }) => title)).size).toBe(staticCases.length);
});
