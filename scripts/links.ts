import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./workers.ts";

const fence = /^```.*?^```/gms;
const link = /\]\(<?([^)\s>]+)>?(?:\s[^)]*)?\)|(?:src|href)="([^"]+)"/g;
/** A path in backquotes: it has a slash, only the letters that paths of this tree have, and begins with a folder of it. */
const quotedPath = /`((?:workers|shared|test|docs|scripts|examples|cli)\/[\w./-]*)`/g;

/** A promise that names the test which holds it up: the file in backquotes, then the title, or its beginning, in quotes. */
const namedTest = /`(test\/[\w./-]+)`:\s+"([^"]+)"/g;

/** The anchor that GitHub gives a heading. */
const anchor = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");

function anchors(text: string): Set<string> {
  return new Set([...text.replaceAll(fence, "").matchAll(/^#+\s+(.*)$/gm)].map(([, heading = ""]) => anchor(heading)));
}

/** What is wrong with one link, or `undefined`. Addresses outside the tree are not looked up. */
function broken(tree: string, document: string, target: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  const [path = "", fragment] = target.split("#");
  const file = join(tree, path === "" ? document : join(dirname(document), path));
  if (!existsSync(file)) return "no such file";
  if (fragment === undefined || anchors(readFileSync(file, "utf8")).has(fragment)) return undefined;
  return "no such heading";
}

function problems(tree: string, document: string): string[] {
  const text = readFileSync(join(tree, document), "utf8").replaceAll(fence, "");
  const links = [...text.matchAll(link)].map(([, inline, attribute]) => inline ?? attribute ?? "");
  const paths = [...text.matchAll(quotedPath)].map(([, path = ""]) => path);
  return [
    ...links.flatMap((target) => {
      const problem = broken(tree, document, target);
      return problem === undefined ? [] : [`${document}: ${target}: ${problem}`];
    }),
    ...[...text.matchAll(namedTest)].flatMap(([, file = "", title = ""]) => {
      const found =
        existsSync(join(tree, file)) && readFileSync(join(tree, file), "utf8").includes(title.replaceAll(/\s+/g, " "));
      return found ? [] : [`${document}: ${file} has no test "${title}"`];
    }),
    ...paths.filter((path) => !existsSync(join(tree, path))).map((path) => `${document}: \`${path}\`: no such file`),
  ];
}

/**
 * What the documents of a tree (Markdown at the top, in docs/ and in examples/) point at and is not there: the targets of links,
 * the headings behind `#`, the paths in backquotes, the tests that promises name. One line each.
 */
export function brokenLinks(tree: string): string[] {
  return globSync("{*,docs/**/*,examples/**/*}.md", { cwd: tree })
    .toSorted()
    .flatMap((document) => problems(tree, document));
}

if (import.meta.main) {
  const found = brokenLinks(root);
  if (found.length > 0) {
    console.error(found.join("\n"));
    process.exitCode = 1;
  }
}
