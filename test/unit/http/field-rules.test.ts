import { expect, it } from "vitest";
import { openFieldRules } from "../../../shared/http/field-rules.ts";

function after(rules: Parameters<typeof openFieldRules>[0], fields: [string, string][]) {
  const headers = new Headers(fields);
  openFieldRules(rules)(headers);
  return [...headers];
}

it("removes fields, whatever the case of their names, and all that have the same name", () => {
  const fields: [string, string][] = [
    ["Server", "nginx"],
    ["Set-Cookie", "a=1"],
    ["Set-Cookie", "b=2"],
    ["X-Kept", "1"],
  ];
  expect(after({ set: {}, remove: ["SERVER", "set-cookie", "X-Not-There"] }, fields)).toEqual([["x-kept", "1"]]);
});

it("sets fields in place of what is there, or where nothing is", () => {
  const fields: [string, string][] = [
    ["X-Frame-Options", "SAMEORIGIN"],
    ["X-Frame-Options", "ALLOWALL"],
  ];
  expect(after({ set: { "x-frame-options": "DENY", "X-New": "" }, remove: [] }, fields)).toEqual([
    ["x-frame-options", "DENY"],
    ["x-new", ""],
  ]);
});

it("leaves everything where there is no rule", () => {
  expect(after({ set: {}, remove: [] }, [["A", "1"]])).toEqual([["a", "1"]]);
});
