import { renameSync, rmSync, writeFileSync } from "node:fs";

/** A place in a text where some characters go and others come. */
export interface Splice {
  /** Offset in the text as it is now. */
  readonly at: number;
  readonly gone: string;
  readonly come: string;
}

/** A text with changes that do not touch each other. */
export function spliced(text: string, splices: readonly Splice[]): string {
  let changed = text;
  for (const { at, gone, come } of splices.toSorted((one, other) => other.at - one.at))
    changed = changed.slice(0, at) + come + changed.slice(at + gone.length);
  return changed;
}

/** What becomes of a file of the project; `path` is seen from its root. */
export type TreeChange =
  | { readonly type: "create" | "remove"; readonly path: string; readonly text: string }
  | { readonly type: "edit"; readonly path: string; readonly text: string; readonly splices: readonly Splice[] };

/** A change as `diff` lists it: line number, lines that go, lines that come. */
export interface Hunk {
  readonly line: number;
  readonly gone: readonly string[];
  readonly come: readonly string[];
}

/** The lines that a change is about. */
export function hunksOf(change: TreeChange): Hunk[] {
  if (change.type !== "edit") {
    const all = linesOf(change.text);
    return [change.type === "create" ? { line: 1, gone: [], come: all } : { line: 1, gone: all, come: [] }];
  }
  return change.splices.map((splice) => hunkOf(change.text, splice));
}

/** A splice in the middle of a line is told by the whole line. */
function hunkOf(text: string, { at, gone, come }: Splice): Hunk {
  const start = text.lastIndexOf("\n", at - 1) + 1;
  const isWhole = start === at && [gone, come].every((part) => part === "" || part.endsWith("\n"));
  const line = text.slice(0, start).split("\n").length;
  if (isWhole) return { line, gone: linesOf(gone), come: linesOf(come) };
  const end = text.indexOf("\n", at + gone.length);
  const before = text.slice(start, at);
  const after = text.slice(at + gone.length, end === -1 ? undefined : end);
  return { line, gone: (before + gone + after).split("\n"), come: (before + come + after).split("\n") };
}

const linesOf = (text: string): string[] => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));

const words = { create: "new", edit: "changed", remove: "removed" } as const;

/** What becomes of which file, for an operator's eyes. */
export const titleOf = ({ path, type }: TreeChange): string => `${path} (${words[type]})`;

/** The same, and every line of it. */
export function printChange(change: TreeChange): string {
  const hunks = hunksOf(change).flatMap(({ line, gone, come }) => [
    `  @ line ${line}`,
    ...gone.map((text) => `  - ${text}`.trimEnd()),
    ...come.map((text) => `  + ${text}`.trimEnd()),
  ]);
  return [titleOf(change), ...hunks].join("\n");
}

/**
 * Carries the changes out. Every file is written whole beside the old one before the first of them takes its place.
 *
 * @param tree the root of the project, with a slash.
 */
export function carryOut(tree: string, changes: readonly TreeChange[]): void {
  const written = changes.filter(({ type }) => type !== "remove").map(({ path }) => tree + path);
  const draftOf = (file: string) => `${file}.draft`;
  try {
    for (const change of changes)
      if (change.type !== "remove") writeFileSync(draftOf(tree + change.path), textOf(change));
    for (const file of written) renameSync(draftOf(file), file);
    for (const { type, path } of changes) if (type === "remove") rmSync(tree + path);
  } finally {
    for (const file of written) rmSync(draftOf(file), { force: true });
  }
}

const textOf = (change: TreeChange): string =>
  change.type === "edit" ? spliced(change.text, change.splices) : change.text;
