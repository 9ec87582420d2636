import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { brokenLinks } from "../../scripts/links.ts";

function tree(readme: string): string {
  const folder = mkdtempSync(join(tmpdir(), "trefoil-links-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "docs"));
  mkdirSync(join(folder, "shared"));
  mkdirSync(join(folder, "test"));
  writeFileSync(join(folder, "test/one.test.ts"), 'test("keeps what it promises, always", () => {});\n');
  writeFileSync(join(folder, "README.md"), readme);
  writeFileSync(
    join(folder, "docs/one.md"),
    "# One page\n\n## What's in it, really?\n\nBack to [the top](../README.md).\n",
  );
  return folder;
}

test("what leads somewhere passes: files, headings, addresses outside, code, tests by their titles", () => {
  const readme = [
    "# Top",
    "[a](docs/one.md) [b](docs/one.md#whats-in-it-really) [c](#top) [d](https://example.com/none) `shared/`",
    "```\n[not a link](nowhere.md)\n```",
    '`test/one.test.ts`: "keeps what it promises"',
  ];
  expect(brokenLinks(tree(readme.join("\n\n")))).toEqual([]);
});

test.for([
  ["[a](docs/two.md)", "README.md: docs/two.md: no such file"],
  ["[a](docs/one.md#two)", "README.md: docs/one.md#two: no such heading"],
  ["[a](#nothing)", "README.md: #nothing: no such heading"],
  ["![a picture](docs/way.svg)", "README.md: docs/way.svg: no such file"],
  ['<img src="docs/way.svg" alt="">', "README.md: docs/way.svg: no such file"],
  ["it lives in `shared/none.ts`", "README.md: `shared/none.ts`: no such file"],
  ['`test/one.test.ts`: "keeps something else"', 'README.md: test/one.test.ts has no test "keeps something else"'],
] as const)("%s is found when nothing is there", ([text, problem]) => {
  expect(brokenLinks(tree(text))).toEqual([problem]);
});
