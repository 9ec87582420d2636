import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "../../scripts/bundle.ts";
import { root, workersIn } from "../../scripts/workers.ts";
import { bundlePath } from "./site.ts";

const files = ["package.json", "tsconfig.json", "wrangler.toml", "site.config.ts"];
const folders = ["cli", "examples", "scripts", "shared", "workers"];

/**
 * Copies what the project is made of, but not its tests, for a test that changes files: those of the project are others'
 * at the same time.
 *
 * @param folder where the copy goes; made if it is not there.
 * @returns the root of the copy, with a slash.
 */
export function copyTree(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const part of [...files, ...folders]) cpSync(root + part, join(folder, part), { recursive: true });
  symlinkSync(`${root}node_modules`, join(folder, "node_modules"));
  return `${folder}/`;
}

/** A copy with a site configuration of its own, in a new folder. The origins' files are made already, and are taken along. */
export function treeWithSite(siteConfig: string): string {
  const tree = copyTree(mkdtempSync(join(tmpdir(), "trefoil-tree-")));
  writeFileSync(`${tree}site.config.ts`, siteConfig);
  cpSync(`${root}.trefoil/public`, `${tree}.trefoil/public`, { recursive: true });
  return tree;
}

/**
 * Bundles the front and control of a copy, the Workers that know the servers. The origins are one program, however many
 * they are: this run has it already.
 *
 * @param folder where the bundles go, to be given to `startSite`.
 */
export async function bundleFront(tree: string, folder: string): Promise<void> {
  const some = workersIn(tree).filter(({ name }) => name === "front" || name === "control");
  await Promise.all(
    some.map((worker) =>
      bundle({ ...worker, config: tree + worker.config }, join(folder, bundlePath(worker.config)), process.env),
    ),
  );
}

/** What a copy holds: the text of each file by its path, but of those that are installed or built. */
export function filesIn(tree: string): Record<string, string> {
  const all = readdirSync(tree, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = all.map(({ parentPath, name }) => join(parentPath, name).slice(tree.length));
  const own = paths.filter((path) => !/^(node_modules|\.trefoil|\.wrangler)\//.test(path)).toSorted();
  return Object.fromEntries(own.map((path) => [path, readFileSync(tree + path, "utf8")]));
}
