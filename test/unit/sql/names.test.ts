import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { isReserved, nameOf, quoteName, quoteText } from "../../../shared/sql/names.ts";
import { tokenize } from "../../../shared/sql/tokenize.ts";

describe("names that are kept for the system", () => {
  test.each(["_trefoil_dirty", "_TREFOIL_x", "_cf_KV", "_CF_METADATA", "__miniflare_do_name", "_trefoil_"])(
    "%s",
    (name) => {
      expect(isReserved(name)).toBe(true);
    },
  );

  test.each(["trefoil_", "_trefoil", "x_trefoil_", "cf_", "posts", ""])("are not %j", (name) => {
    expect(isReserved(name)).toBe(false);
  });
});

test.each([
  ["plain", "plain"],
  ['"a""b"', 'a"b'],
  ["`a``b`", "a`b"],
  ["[a]", "a"],
  ["'it''s'", "it's"],
])("%s names %s", (text, name) => {
  expect(tokenize(text).map(nameOf)).toEqual([name]);
});

test("a quoted name is one identifier, and a quoted text one string, whatever they hold", () => {
  const database = new DatabaseSync(":memory:");
  const text = fc.string({ unit: fc.constantFrom(..."ab\"'`[];-\n é\u{1f340}"), minLength: 1 });
  fc.assert(
    fc.property(text, (given) => {
      expect(tokenize(quoteName(given)).map(nameOf)).toEqual([given]);
      expect(database.prepare(`SELECT ${quoteText(given)} AS ${quoteName(given)}`).get()).toEqual({ [given]: given });
    }),
  );
});
