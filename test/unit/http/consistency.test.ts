import { describe, expect, it } from "vitest";
import { parseConsistency, sessionStart } from "../../../shared/http/consistency.ts";
import { epoch, lsn } from "../../../shared/kernel/brand.ts";
import { formatBookmark } from "../../../shared/replication/bookmark.ts";

const own = formatBookmark({ epoch: epoch(1), lsn: lsn(20) });

describe("Trefoil-Consistency", () => {
  it.each([
    [null, "session"],
    ["any", "any"],
    ["session", "session"],
    ["primary", "primary"],
    ["linearizable", "linearizable"],
    [" Any ", "any"],
    ["", null],
    ["strong", null],
    ["any, primary", null],
  ])("%j means %j", (field, level) => expect(parseConsistency(field)).toBe(level));
});

describe("a session's reads", () => {
  it.each([
    ["any", own, "first-unconstrained"],
    ["any", null, "first-unconstrained"],
    ["session", own, own],
    ["session", null, "first-unconstrained"],
    ["primary", own, "primary"],
    ["linearizable", own, "primary"],
  ] as const)("at level %s, of a visitor who wrote to %s, start at %s", (level, bookmark, start) =>
    expect(sessionStart(level, bookmark)).toBe(start),
  );
});
