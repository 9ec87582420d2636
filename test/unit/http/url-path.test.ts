import fc from "fast-check";
import { expect, it } from "vitest";
import { normalizePath } from "../../../shared/http/url-path.ts";

it("leaves a path that has one spelling only", () => {
  for (const path of ["/", "/a/b.c~d-e_f", "/a%2Fb", "/%C3%A9", "/a%20b", "/%25%3F%23"])
    expect(normalizePath(path)).toBe(path);
});

it("undoes what need not be encoded, writes the rest in capitals, merges slashes", () => {
  expect(normalizePath("//a///%62/%c3%a9/%2f%7E%2d%21%3a")).toBe("/a/b/%C3%A9/%2F~-!:");
  expect(normalizePath("/%zz/%4")).toBe("/%zz/%4");
});

it("gives one spelling to all by which a path may be written", () => {
  const characters = fc.constantFrom("a", "Z", "0", "-", ".", "_", "~", "!", "@", "/", "é", " ", "%");
  const spellings = fc.array(fc.tuple(characters, fc.constantFrom("plain", "upper", "lower"), fc.boolean()));
  fc.assert(
    fc.property(spellings, (parts) => {
      const spell = (how: (form: "plain" | "upper" | "lower") => "plain" | "upper" | "lower", doubled: boolean) =>
        parts.map(([character, form, isDoubled]) => spelled(character, how(form), doubled && isDoubled)).join("");
      expect(normalizePath(spell((form) => form, true))).toBe(normalizePath(spell(() => "plain", false)));
    }),
  );
});

function spelled(character: string, form: "plain" | "upper" | "lower", isDoubled: boolean): string {
  if (character === "/") return isDoubled ? "//" : "/";
  const encoded = [...new TextEncoder().encode(character)]
    .map((byte) => `%${byte.toString(16).padStart(2, "0")}`)
    .join("");
  if (form === "plain" && /[\w\-.~!@]/.test(character)) return character;
  return form === "lower" ? encoded : encoded.toUpperCase();
}
