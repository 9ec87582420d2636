import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { carryOut, hunksOf, printChange, spliced } from "../../../cli/tree-change.ts";

const edit = (text: string, splices: Parameters<typeof spliced>[1]) =>
  ({ type: "edit", path: "x", text, splices }) as const;

describe("a change", () => {
  const text = "one\ntwo\nthree\n";

  it("keeps what it is not about, in whatever order it is told", () => {
    const splices = [
      { at: 8, gone: "three\n", come: "" },
      { at: 4, gone: "", come: "1.5\n" },
    ];
    expect(spliced(text, splices)).toBe("one\n1.5\ntwo\n");
    expect(spliced(text, splices.toReversed())).toBe("one\n1.5\ntwo\n");
  });

  it("is told by its lines: those that go, those that come, and which is the first", () => {
    expect(hunksOf(edit(text, [{ at: 8, gone: "three\n", come: "" }]))).toEqual([
      { line: 3, gone: ["three"], come: [] },
    ]);
    expect(hunksOf(edit(text, [{ at: 14, gone: "", come: "\nfour\n" }]))).toEqual([
      { line: 4, gone: [], come: ["", "four"] },
    ]);
    expect(hunksOf({ type: "create", path: "x", text })).toEqual([
      { line: 1, gone: [], come: ["one", "two", "three"] },
    ]);
    expect(hunksOf({ type: "remove", path: "x", text })).toEqual([
      { line: 1, gone: ["one", "two", "three"], come: [] },
    ]);
  });

  it("in the middle of a line is told by the whole line", () => {
    expect(printChange(edit("[{ a }],\n[{ b }],", [{ at: 15, gone: "", come: ", { c }" }]))).toBe(
      "x (changed)\n  @ line 2\n  - [{ b }],\n  + [{ b }, { c }],",
    );
  });
});

describe("changes are carried out", () => {
  let tree: string;

  beforeEach(() => {
    const folder = mkdtempSync(join(tmpdir(), "trefoil-change-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, "inner"));
    tree = `${folder}/`;
    writeFileSync(`${tree}kept`, "one\n");
    writeFileSync(`${tree}gone`, "old\n");
  });

  const names = () => readdirSync(tree, { recursive: true, encoding: "utf8" }).toSorted();

  const changes = [
    { type: "remove", path: "gone", text: "old\n" },
    { type: "edit", path: "kept", text: "one\n", splices: [{ at: 4, gone: "", come: "two\n" }] },
    { type: "create", path: "inner/new", text: "new\n" },
  ] as const;

  it("all of them", () => {
    carryOut(tree, changes);
    expect(names()).toEqual(["inner", "inner/new", "kept"]);
    expect([readFileSync(`${tree}kept`, "utf8"), readFileSync(`${tree}inner/new`, "utf8")]).toEqual([
      "one\ntwo\n",
      "new\n",
    ]);
  });

  it("or none, and nothing is left of those that were begun", () => {
    const before = names();
    expect(() => carryOut(tree, [...changes, { type: "create", path: "nowhere/new", text: "" }])).toThrow("ENOENT");
    expect(names()).toEqual(before);
    expect(readFileSync(`${tree}kept`, "utf8")).toBe("one\n");
  });
});
