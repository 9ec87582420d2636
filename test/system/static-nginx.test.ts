import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../scripts/workers.ts";
import type { Manifest } from "../../shared/http/static-file.ts";
import { present } from "../../shared/kernel/assert.ts";
import { nginx, type RunningNginx, startNginx } from "../support/nginx.ts";
import { askRaw } from "../support/raw-http.ts";
import { startSite, type TestSite } from "../support/site.ts";
import { askCase, type Tags, tagsOf } from "../support/static-origin/ask.ts";
import type { StaticCase } from "../support/static-origin/case.ts";
import { staticCases } from "../support/static-origin/cases.ts";
import { compare } from "../support/static-origin/compare.ts";
import { differences } from "../support/static-origin/differences.ts";
import { staticFolders, staticOrigins } from "../support/static-origin/workers.ts";

const reason = nginx === null ? " (skipped: this machine has no nginx)" : "";

describe.skipIf(nginx === null)(`a static file beside nginx${reason}`, () => {
  let site: TestSite;
  let other: RunningNginx;
  let manifest: Manifest;
  const seen = new Set<string>();

  beforeAll(async () => {
    manifest = JSON.parse(await readFile(staticFolders.manifest, "utf8")) as Manifest;
    site = await startSite({ replace: staticOrigins });
    other = await startNginx(present(nginx, "nginx"), staticFolders, manifest);
  });
  afterAll(async () => {
    await other.close();
    await site.close();
  });

  /** nginx makes its tags otherwise, so it is asked for them. */
  async function tagsOfNginx(path: string): Promise<Tags> {
    const ask = (accept: string) => askRaw(other.address, { path, headers: { "Accept-Encoding": accept } });
    const [plain, gzip] = [await ask("identity"), await ask("gzip")];
    return { tag: plain.fields.etag, gzip: gzip.fields.etag, br: '"there is no brotli"' };
  }

  async function askBoth(each: StaticCase) {
    const path = each.path in manifest.files ? each.path : "/style.css";
    const ours = await askCase(site.url, each, tagsOf(present(manifest.files[path], path)));
    return compare(ours, await askCase(other.address, each, await tagsOfNginx(path)));
  }

  it.each(staticCases.map((each) => [each.title, each] as const))(
    "is answered as nginx does, or else for a reason: %s",
    async (_, each) => {
      for (const found of await askBoth(each)) {
        const names = differences.filter(({ explains }) => explains(found, each)).map(({ name }) => name);
        expect(names, `${found.aspect}: ours ${found.ours}, theirs ${found.theirs}`).toHaveLength(1);
        names.forEach((name) => seen.add(name));
      }
    },
  );

  it("has no reason that nothing needs", () => {
    expect(differences.map(({ name }) => name).filter((name) => !seen.has(name))).toEqual([]);
  });
});

it("docs/http.md gives the reason for each difference from nginx", async () => {
  const text = await readFile(`${root}docs/http.md`, "utf8");
  const [, table = ""] = /^### Differences from nginx$(.*?)(?=^##|(?![^]))/ms.exec(text) ?? [];
  const names = [...table.matchAll(/^\| ([^|]+?) \|/gm)].map(([, name = ""]) => name.replaceAll("`", ""));
  expect(names.slice(1)).toEqual(differences.map(({ name }) => name));
});
