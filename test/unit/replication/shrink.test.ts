import { expect, test } from "vitest";

import type { FuzzEvent, History } from "../../fuzz/history.ts";
import { shrink } from "../../fuzz/shrink.ts";

const batch = (...texts: string[]): FuzzEvent => ({
  type: "batch",
  statements: texts.map((sql) => ({ sql, values: [] })),
});

/** A long history in which only x before y, then a check, fails. */
const history: History = [
  ...Array.from({ length: 30 }, (_, at) => batch(`a${at}`, `b${at}`)),
  batch("c", "x", "d"),
  { type: "restart", node: 1 },
  ...Array.from({ length: 30 }, (_, at) => batch(`e${at}`)),
  batch("y", "f"),
  { type: "check" },
];

const fails = (candidate: History) => {
  const texts = candidate.map((event) =>
    event.type === "batch" ? event.statements.map(({ sql }) => sql) : [event.type],
  );
  const flat = texts.flat();
  return Promise.resolve(flat.indexOf("x") >= 0 && flat.indexOf("y") > flat.indexOf("x") && flat.includes("check"));
};

test("a failing history is cut down to the events and statements that it needs, in their order", async () => {
  expect(await shrink(history, fails, 1000)).toEqual([batch("x"), batch("y"), { type: "check" }]);
});

test("after so many tries the shortest one found counts, which still fails", async () => {
  let tried = 0;
  const found = await shrink(history, (candidate) => ((tried += 1), fails(candidate)), 20);
  expect(tried).toBe(20);
  expect(found.length).toBeLessThan(history.length);
  expect(await fails(found)).toBe(true);
});
